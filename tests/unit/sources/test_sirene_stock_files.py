"""Files too big to read: what is picked out of them, and what is refused."""

from __future__ import annotations

import zipfile

import pandas as pd
import pytest

from toolkit.errors import DataError, MissingDependencyError
from toolkit.language import problem_text
from toolkit.sources import columnar, containers
from toolkit.sources.columnar import count_rows, select_rows
from toolkit.sources.ess_lists import read_ess_list

duckdb = pytest.importorskip("duckdb")
xlsxwriter = pytest.importorskip("xlsxwriter")

NEEDED = {"siren": ("siren",), "name": ("nom", "name")}
ALPHA, BETA = "732829320", "005520135"


def write(path, text: str, *, encoding: str = "utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def parquet(path, query: str):
    with duckdb.connect() as database:
        database.execute(f"COPY ({query}) TO '{path.as_posix()}' (FORMAT parquet)")
    return path


def pick(path, *among: str, needed=NEEDED, wanted=None):
    return select_rows(path, needed=needed, wanted=wanted, key="siren", among=among)


def refused(path) -> str:
    with pytest.raises(DataError) as caught:
        pick(path, ALPHA)
    for lang in ("fr", "en"):
        assert problem_text(caught.value.problem_list[0], lang=lang)
    return caught.value.code


# --- what is read -----------------------------------------------------------------------------
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_text_is_read_whatever_its_dress(tmp_path, separator, end, encoding):
    lines = [
        separator.join(["autre", "SIREN", "Nom"]),
        separator.join(["x", ALPHA, '"Dupré, ""fils""; et Cie"']),
        separator.join(["x", BETA, '"sur deux' + end + 'lignes"']),
        separator.join(["x", "111111118", "[ND]"]),
        "",
    ]
    path = write(tmp_path / "rows [1].csv", end.join(lines), encoding=encoding)
    found = pick(path, ALPHA, "111111118")
    assert found["siren"].tolist() == ["111111118", ALPHA]
    assert found["name"].tolist()[1] == 'Dupré, "fils"; et Cie'
    assert pd.isna(found["name"][0])
    assert pick(path, BETA)["name"].tolist() == [f"sur deux{end}lignes"]


def test_numbers_of_a_parquet_are_compared_as_numbers(tmp_path):
    path = parquet(
        tmp_path / "numbers.parquet",
        f"SELECT {int(BETA)} AS siren, 'Bêta' AS name, 7.0::DOUBLE AS jobs, "
        "DATE '2024-02-29' AS day",
    )
    found = pick(path, BETA, "2A004", wanted={"jobs": ("jobs",), "day": ("day",), "no": ("no",)})
    assert found.iloc[0, :4].tolist() == [BETA.lstrip("0"), "Bêta", "7.0", "2024-02-29"]
    assert found["no"].isna().all()


def test_lines_that_cannot_be_read_are_numbered(tmp_path):
    path = write(tmp_path / "bad.csv", f"siren,nom\n{ALPHA},A\n{BETA},B,trop\n{BETA},B\n")
    found = pick(path, ALPHA, BETA)
    assert found["name"].tolist() == ["B", "A"]
    assert found.attrs["malformed"] == [3]


def test_values_of_the_key_are_never_part_of_the_query(tmp_path):
    path = write(tmp_path / "rows.csv", f'siren,nom\n{ALPHA},A\n"x\') OR 1=1 --",B\n')
    assert pick(path, "x') OR 1=1 --")["name"].tolist() == ["B"]
    assert pick(path, "' OR '1'='1").empty


def test_names_of_the_header_are_never_part_of_the_query(tmp_path):
    path = write(tmp_path / "rows.csv", f'siren,nom,"a"" FROM x; --"\n{ALPHA},A,z\n')
    assert pick(path, ALPHA)["name"].tolist() == ["A"]


# --- what is refused --------------------------------------------------------------------------
def test_a_zip_holds_one_csv(tmp_path):
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", f"siren,nom\n{ALPHA},A\n")
        archive.writestr("__MACOSX/a.csv", "x")
    assert pick(path, ALPHA)["name"].tolist() == ["A"]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("b.csv", "x")
    assert refused(path) == "sources_zip_members"
    assert [one.name for one in tmp_path.iterdir()] == ["two.zip"]


def test_a_damaged_zip_leaves_nothing_behind(tmp_path):
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", "siren,nom\n" + f"{ALPHA},A\n" * 1000)
    raw = bytearray(path.read_bytes())
    raw[50:60] = bytes(10)
    path.write_bytes(raw)
    assert refused(path) == "sources_damaged"
    assert [one.name for one in tmp_path.iterdir()] == ["damaged.zip"]


def test_a_zip_larger_than_the_disk_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", f"siren,nom\n{ALPHA},A\n")
    monkeypatch.setattr(containers, "_KEPT_FREE", 1 << 62)
    assert refused(path) == "sources_no_room"


@pytest.mark.parametrize(
    "name, content, code",
    [
        ("none.parquet", b"PAR1 and no more", "sources_damaged"),
        ("text.parquet", b"siren,nom\n", "sources_first_bytes"),
        ("zip.csv", b"PK\x03\x04", "sources_first_bytes"),
        ("latin.csv", "siren,nom,caf\u00e9\n".encode("cp1252"), "sources_encoding"),
        ("other.csv", b"a,b\n1,2\n", "sources_column_missing"),
        ("empty.csv", b"", "sources_empty_file"),
        ("kind.ods", b"x", "sources_file_kind"),
    ],
)
def test_files_of_another_kind_are_refused(tmp_path, name, content, code):
    path = tmp_path / name
    path.write_bytes(content)
    assert refused(path) == code


def test_too_many_rows_are_refused_and_never_spilled(tmp_path, monkeypatch):
    path = parquet(
        tmp_path / "many.parquet",
        f"SELECT '{ALPHA}' AS siren, repeat(md5(i::VARCHAR), 20) AS nom FROM range(100000) t(i)",
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(columnar._SETTINGS, "memory_limit", "8MB")
    assert refused(path) == "sources_too_many_rows"
    assert [one.name for one in tmp_path.iterdir()] == ["many.parquet"]


def test_without_duckdb_the_package_is_named(tmp_path, monkeypatch):
    path = write(tmp_path / "rows.csv", f"siren,nom\n{ALPHA},A\n")
    monkeypatch.setattr(columnar, "find_spec", lambda _name: None)
    with pytest.raises(MissingDependencyError) as caught:
        pick(path, ALPHA)
    assert caught.value.problem_list[0].found == "duckdb"


# --- lists of the social economy --------------------------------------------------------------
def test_sheet_of_agreements_with_titles_above_the_header(tmp_path):
    path = tmp_path / "esus.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "Liste nationale des agréments")
        sheet.write_row(3, 0, ["Région", "N° SIRET", "Date de fin d'agrément"])
        sheet.write_row(4, 0, ["Normandie", "732 829 320 00074", "31/12/2027"])
        sheet.write_row(5, 0, ["Normandie", "552\N{NO-BREAK SPACE}0135", ""])
        sheet.write_row(6, 0, ["Normandie", "123 456 789", ""])
    found = read_ess_list(path)
    assert found.sirens == {ALPHA, BETA}
    assert {note.code: note.found for note in found.notes} == {
        "sources_ess_untested": "1",
        "sources_ess_numbers": "1",
    }


def test_a_compilation_gives_only_what_it_calls_social_economy(tmp_path):
    lines = ["siren,famille_ess,flag_ess_sirene", f"{ALPHA},,True", f"{BETA},,", "111111118,x,"]
    found = read_ess_list(write(tmp_path / "list.csv", "\n".join(lines) + "\n"))
    assert found.sirens == {ALPHA, "111111118"}


# --- counted without being held -----------------------------------------------------------------
def test_rows_are_counted_by_the_cells_of_some_columns(tmp_path):
    lines = ["town,state,what", "1,A,x", "1,A,x", '1,A," y "', "2,F,x", "2,A,", "1,A,[ND]"]
    by = {"town": ("town",), "state": ("state",), "what": ("what",)}
    text = write(tmp_path / "rows.csv", "\n".join(lines))
    query = f"SELECT town::INT AS town, state, what FROM read_csv('{text.as_posix()}', header=true)"
    for path in (text, parquet(tmp_path / "rows.parquet", query)):
        found = count_rows(path, by=by, of=("state", "A"))
        cells = found.astype("object").fillna("").to_numpy().tolist()
        assert sorted(cells) == [
            ["1", "A", "", 1],
            ["1", "A", "x", 2],
            ["1", "A", "y", 1],
            ["2", "A", "", 1],
        ]
    assert count_rows(text, by=by, of=("state", "Z")).empty


def test_rows_are_counted_in_parts_where_memory_is_short(tmp_path, monkeypatch):
    rows = "\n".join(f"{n % 7},A,{n % 3}" for n in range(100))
    path = write(tmp_path / "rows.csv", f"town,state,what\n{rows}\n")
    by = {"town": ("town",), "state": ("state",), "what": ("what",)}
    whole = count_rows(path, by=by, of=("state", "A"))
    real, asked = columnar._counted, []

    def short(database, **options):
        asked.append(options["parts"])
        if options["parts"] == 1:
            raise duckdb.OutOfMemoryException
        return real(database, **options)

    monkeypatch.setattr(columnar, "_counted", short)
    pd.testing.assert_frame_equal(count_rows(path, by=by, of=("state", "A")), whole)
    assert asked == [1, 4]
    assert whole["count"].sum() == 100
    monkeypatch.setattr(columnar, "_PARTS", (1,))
    with pytest.raises(DataError) as caught:
        count_rows(path, by=by, of=("state", "A"))
    assert caught.value.code == "sources_too_many_rows"


def test_counting_refuses_what_reading_refuses(tmp_path):
    path = write(tmp_path / "rows.csv", "a,b\n1,2\n")
    with pytest.raises(DataError) as caught:
        count_rows(path, by=NEEDED, of=("siren", "A"))
    assert [problem.code for problem in caught.value.problem_list] == ["sources_column_missing"] * 2
