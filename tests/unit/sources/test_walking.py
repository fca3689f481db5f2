"""Records walked in batches: a border between two changes nothing, and little is held at once."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import DataError
from toolkit.sources import walking
from toolkit.sources.reading import read_rows
from toolkit.sources.walking import Cut

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {"id": ("id",), "place": ("commune",), "label": ("objet",)}
HERE = Cut({("place",): lambda cells: cells["place"].isin(["01001"])})
CELLS = st.sampled_from(["", " ", "a", "01001", "01002", "é", '"', "x\ny", "x\r\ny", ";", "ND"])
TOGETHER = st.sampled_from([(), (("id",),), (("id",), ("label",)), (("id", "place"), ("label",))])
ROWS = st.lists(st.lists(CELLS, min_size=0, max_size=4), max_size=12)


def quoted(rows: list[list[str]]) -> str:
    return "".join(
        ";".join('"' + cell.replace('"', '""') + '"' if cell else "" for cell in row) + "\n"
        for row in rows
    )


def outcome(path: Path, *, cut: Cut | None = None) -> object:
    try:
        rows = read_rows(path, needed=COLUMNS, cut=cut)
    except DataError as error:
        return error.code
    cells = rows.astype("object").where(rows.notna(), None)
    return rows.index.tolist(), cells.to_dict("list"), rows.attrs


def sized(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(walking, "BATCH", size)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("walking")


@settings(deadline=None, max_examples=30)
@given(rows=ROWS, together=TOGETHER)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_the_size_of_a_batch_changes_nothing(folder, encoding, rows, together):
    path = folder / f"{encoding}.csv"
    path.write_bytes(("id;commune;objet\n" + quoted(rows)).encode(encoding))
    for cut in (None, Cut(HERE.tests, together)):
        with pytest.MonkeyPatch.context() as patch:
            sized(patch, 1_000)
            whole = outcome(path, cut=cut)
            for size in (1, 2, 3):
                sized(patch, size)
                assert outcome(path, cut=cut) == whole


def test_a_line_break_in_quotes_may_lie_on_a_border(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text('id;commune;objet\n1;01001;a\n2;01001;"b\n\nc;\nd"\n3;01001;e\n')
    for size in (1, 2):
        sized(monkeypatch, size)
        rows = read_rows(path, needed=COLUMNS)
        assert rows["label"].tolist() == ["a", "b\n\nc;\nd", "e"]
        assert rows.index.tolist() == [2, 3, 4]


def test_an_encoding_that_shows_at_the_end_holds_for_the_whole(tmp_path, monkeypatch):
    sized(monkeypatch, 2)
    path = tmp_path / "a.csv"
    text = "id;commune;objet\n" + "1;01001;a\n" * 200_000 + "2;01001;Béziers\n"
    path.write_bytes(text.encode("cp1252"))
    sized(monkeypatch, 1_000)
    assert read_rows(path, needed=COLUMNS)["label"].iloc[-1] == "Béziers"
    path.write_bytes(text.encode("utf-8"))
    assert read_rows(path, needed=COLUMNS)["label"].iloc[-1] == "Béziers"
    path.write_bytes(text.encode("utf-8") + b"\x00")
    assert outcome(path) == "sources_encoding"


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_rows_elsewhere_are_counted_and_malformed_ones_numbered(tmp_path, monkeypatch, size):
    sized(monkeypatch, size)
    path = tmp_path / "a.csv"
    path.write_text("id;commune;objet\n1;01001;a\n2;01002;b\n\n3;01001;c;d\n4;;e\n5;01001\n")
    rows = read_rows(path, needed=COLUMNS, cut=HERE)
    assert rows.index.tolist() == [2, 7]
    assert rows["id"].tolist() == ["1", "5"]
    assert rows.attrs == {"malformed": [5], "short": [7], "elsewhere": 2}


@pytest.mark.parametrize("size", [1, 2, 100])
def test_who_belongs_to_a_wanted_row_is_wanted(tmp_path, monkeypatch, size):
    sized(monkeypatch, size)
    path = tmp_path / "a.csv"
    lines = ["A 1;01002;x", "B;01003;y", ";01003;", "A1;01001;", ";01001;", "C;01002;X"]
    path.write_text("\n".join(["id;commune;objet", *lines]))
    rows = read_rows(path, needed=COLUMNS, cut=Cut(HERE.tests, (("id",),)))
    assert rows.index.tolist() == [2, 5, 6]
    assert rows.attrs["elsewhere"] == 3


def test_nothing_wanted_is_no_empty_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id;commune;objet\n1;01002;a\n")
    rows = read_rows(path, needed=COLUMNS, cut=HERE)
    assert rows.empty
    assert list(rows.columns) == list(COLUMNS)
    assert rows.dtypes.astype(str).tolist() == ["str"] * 3
    assert rows.attrs["elsewhere"] == 1


def test_a_test_is_asked_once_for_cells_that_are_alike(tmp_path, monkeypatch):
    sized(monkeypatch, 10)
    asked: list[str] = []

    def test(cells: pd.DataFrame) -> pd.Series[bool]:
        asked.extend(cells["place"])
        return cells["place"] == "01001"

    path = tmp_path / "a.csv"
    path.write_text("id;commune;objet\n" + "1;01001;a\n2;01002;b\n" * 50)
    assert len(read_rows(path, needed=COLUMNS, cut=Cut({("place",): test}))) == 50
    assert sorted(asked) == ["01001", "01002"]


@pytest.mark.parametrize("is_zip", [False, True])
def test_progress_is_told_in_bytes_and_ends_at_the_whole(tmp_path, monkeypatch, is_zip):
    sized(monkeypatch, 1_000)
    text = "id;commune;objet\n" + "1;01001;a\n" * 5_000
    path = tmp_path / ("a.zip" if is_zip else "a.csv")
    if is_zip:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a_dpt_01.csv", text)
            archive.writestr("a_dpt_02.csv", text)
    else:
        path.write_text(text)
    steps: list[tuple[int, int]] = []
    read_rows(path, needed=COLUMNS, cut=Cut(told=lambda *step: steps.append(step)))
    whole = len(text) * (2 if is_zip else 1)
    assert len(steps) > (10 if is_zip else 5)
    assert steps == sorted(steps)
    assert steps[-1] == (whole, whole)


LIMITED = """
    import resource, sys
    from pathlib import Path
    from toolkit.sources.reading import read_rows
    from toolkit.sources.walking import Cut
    path = Path(sys.argv[1])
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 60_000_000,) * 2)
    cut = Cut({("place",): lambda cells: cells["place"] == "01001"})
    columns = {"place": ("commune",), "label": ("objet",)}
    print(len(read_rows(path, needed=columns, cut=cut)), end=" ")
    try:
        path.read_bytes()
    except MemoryError:
        print("too big")
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs the memory of a process")
def test_a_file_is_read_in_less_memory_than_it_has_bytes(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("w") as stream:
        stream.write("id;commune;objet\n")
        stream.write("1;01001;here\n")
        line = "2;01002;" + "x" * 500 + "\n"
        for _ in range(200):
            stream.write(line * 1_000)
        stream.write("3;01001;here\n")
    code = textwrap.dedent(LIMITED)
    ran = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split(maxsplit=1) == ["2", "too big\n"]
