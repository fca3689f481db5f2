"""Workbook: whatever officers write and however they order it, nothing is lost or made up."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toolkit import workbook
from toolkit.errors import Problem, WorkbookError
from toolkit.office import guard
from toolkit.schema import headings
from toolkit.workbook import splice

COMMUNES = pd.DataFrame({"commune_id": ["99001"], "name": ["Ambreval"]})
# What a cell of Excel can hold: no control characters, no lone surrogates.
words = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=60,
).filter(
    lambda said: said.strip() and not said.strip().casefold().startswith(("exemple", "example"))
)
HOSTILE = ["{{ 7*7 }}", "{% x %}", "${x}", "</script>", "=HYPERLINK(1)", "<b>&amp;", "_x0041_", "'"]
names = st.lists(st.one_of(words, st.sampled_from(HOSTILE)), min_size=1, max_size=5)


@settings(max_examples=12, deadline=None)
@given(names)
@example(HOSTILE)
def test_any_name_goes_through_the_workbook_letter_for_letter(said):
    actors = pd.DataFrame({"actor_id": [f"A{n}" for n in range(len(said))], "name": said})
    with tempfile.TemporaryDirectory() as folder:
        path = workbook.write_template(
            Path(folder) / "s.xlsx",
            lang="fr",
            communes=COMMUNES,
            tables={"actors": actors},
            examples=False,
        )
        assert workbook.read(path).tables["actors"]["name"].tolist() == said


@settings(max_examples=8, deadline=None)
@given(names, st.data())
def test_any_problem_can_be_marked_and_the_copy_reads_the_same(said, data):
    actors = pd.DataFrame({"actor_id": [f"A{n}" for n in range(len(said))], "name": said})
    found = st.builds(
        Problem,
        st.just("bad_number"),
        st.sampled_from(["actors", "needs", ""]),
        st.sampled_from(["", "1", "2", "3", "700", "abc", "0", "999999999"]),
        st.sampled_from(["name", "siret", "xyz", ""]),
        words,
    )
    problems = data.draw(st.lists(found, max_size=6))
    with tempfile.TemporaryDirectory() as folder:
        path = workbook.write_template(
            Path(folder) / "s.xlsx",
            lang="en",
            communes=COMMUNES,
            tables={"actors": actors},
            examples=False,
        )
        once = workbook.mark(path, problems, to=Path(folder) / "c.xlsx", lang="en")
        again = workbook.mark(once, problems, to=Path(folder) / "d.xlsx", lang="en")
        for copy in (once, again):
            assert workbook.read(copy).tables["actors"].equals(workbook.read(path).tables["actors"])


rows = st.lists(
    st.tuples(words, st.sampled_from(["Eau", "Palettes en bois", "Subvention"]), words),
    min_size=1,
    max_size=6,
    unique_by=lambda row: (row[0].casefold().strip(), row[1], row[2].casefold().strip()),
)


@settings(max_examples=50, deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_ids_do_not_depend_on_the_order_of_rows(cells, random):
    frame = pd.DataFrame(cells, columns=["actor_id", "category", "label"], dtype="object")
    known = pd.DataFrame({"actor_id": sorted({row[0] for row in cells})}).assign(name="x")
    order = list(range(len(cells)))
    random.shuffle(order)

    def ids(table):
        made = workbook.resolve({"resources": table}, actors=known).tables["resources"]
        return {
            index: cell.rpartition("-")[0] if cell.count("-") > 1 else cell
            for index, cell in made["resource_id"].items()
        }

    assert ids(frame) == ids(frame.iloc[order])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(sorted(guard.SUFFIXES)))
def test_any_bytes_are_read_or_refused_in_words(content, suffix):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"acteurs{suffix}"
        path.write_bytes(content)
        try:
            reading = workbook.read(path)
        except WorkbookError as error:
            told = error.problem_list[0].where
        else:
            told = reading.path.name
            assert reading.kind == "csv"
        assert told == path.name


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_damage_to_a_workbook_is_read_or_refused_in_words(data):
    with tempfile.TemporaryDirectory() as folder:
        path = workbook.write_template(Path(folder) / "s.xlsx", lang="fr", communes=COMMUNES)
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(content) - 1))
            content[at] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
        code = "workbook_read"
        try:
            workbook.read(path)
        except WorkbookError as error:
            code = error.code
        assert code.startswith("workbook_")


@given(st.integers(0, 30_000), st.integers(0, 2_000_000))
def test_places_are_written_and_read_back(column, row):
    assert guard.place(f"{guard.column_letters(column)}{row + 1}") == (row, column)


@given(st.text(max_size=40))
def test_header_keys_are_stable(said):
    key = headings.header_key(said)
    assert headings.header_key(key) == key


@given(st.text(max_size=40))
def test_text_is_well_formed_xml_whatever_it_holds(said):
    data = f"<a>{splice.xml_text(said)}</a>".encode()
    (root,) = splice.elements(data, wanted=lambda *_: True)
    assert (root.start, root.end) == (0, len(data))


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@settings(max_examples=25, deadline=None)
@given(st.lists(words, min_size=1, max_size=5))
def test_any_name_goes_through_csv(separator, said):
    head = separator.join(["Nom", "Famille", "Commune"])
    quoted = ['"' + name.replace('"', '""') + '"' for name in said]
    lines = [head, *(separator.join([name, "ess", "99001"]) for name in quoted)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "acteurs.csv"
        path.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
        assert workbook.read(path).tables["actors"]["name"].tolist() == said
