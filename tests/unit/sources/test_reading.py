"""Delimited text: encodings, separators, columns by name, cells."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from toolkit.errors import DataError
from toolkit.sources import reading

NEEDED = {"id": ("identifiant", "id"), "name": ("nom",)}


def write(folder, *, content: bytes, name: str = "file.csv"):
    path = folder / name
    path.write_bytes(content)
    return path


def codes_of(call, *args, **options) -> list[str]:
    with pytest.raises(DataError) as caught:
        call(*args, **options)
    return [problem.code for problem in caught.value.problem_list]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_encodings_and_separators_are_told_by_the_file(tmp_path, encoding, separator):
    text = separator.join(("Identifiant", "Courriel", "NOM")) + "\r\n"
    text += separator.join(("01", "a@b.fr", "Béziers")) + "\r\n"
    path = write(tmp_path, content=text.encode(encoding))
    rows = reading.read_rows(path, needed=NEEDED)
    assert rows.to_dict("list") == {"id": ["01"], "name": ["Béziers"]}
    assert rows.index.tolist() == [2]


def test_columns_nobody_asks_for_are_not_kept(tmp_path):
    path = write(tmp_path, content=b"id,nom,mail,telephone\n1,A,a@b.fr,0102030405\n")
    rows = reading.read_rows(path, needed=NEEDED, wanted={"size": ("taille",)})
    assert list(rows.columns) == ["id", "name", "size"]
    assert rows["size"].isna().all()


def test_masked_and_empty_cells_are_missing(tmp_path):
    path = write(tmp_path, content=b"id,nom\n1,[ND]\n2,  \n,\n3,NR\n")
    rows = reading.read_rows(path, needed=NEEDED)
    assert rows["name"].isna().all()
    assert rows.index.tolist() == [2, 3, 5]


def test_cells_may_hold_line_breaks_and_short_rows_are_filled(tmp_path):
    path = write(tmp_path, content=b'id,nom\n1,"two\nlines"\n2\n')
    rows = reading.read_rows(path, needed=NEEDED)
    assert rows["name"].iloc[0] == "two\nlines"
    assert pd.isna(rows["name"].iloc[1])


def test_rows_with_too_many_cells_are_numbered(tmp_path):
    path = write(tmp_path, content=b"id;nom\n1;A\n2;B;C\n3;D\n")
    rows = reading.read_rows(path, needed=NEEDED)
    assert rows["id"].tolist() == ["1", "3"]
    assert rows.attrs["malformed"] == [3]


@pytest.mark.parametrize(
    "content,name,code",
    [
        (b"", "file.csv", "sources_empty_file"),
        (b"id,nom\n", "file.csv", "sources_no_rows"),
        (b"PK\x03\x04rest", "file.csv", "sources_not_text"),
        (b"SQLite format 3\x00", "file.txt", "sources_not_text"),
        ("id,nom\n1,é\n".encode("utf-16"), "file.csv", "sources_encoding"),
        (b"id,nom\n1,A\n", "file.docx", "sources_file_kind"),
    ],
)
def test_what_is_no_text_is_refused_in_words(tmp_path, content, name, code):
    path = write(tmp_path, content=content, name=name)
    assert codes_of(reading.read_rows, path, needed=NEEDED) == [code]


def test_missing_file_and_folder_are_refused(tmp_path):
    assert codes_of(reading.read_rows, tmp_path / "no.csv", needed=NEEDED) == ["sources_no_file"]
    assert codes_of(reading.read_rows, tmp_path, needed=NEEDED) == ["sources_no_file"]


def test_every_missing_column_is_named_with_the_header(tmp_path):
    path = write(tmp_path, content=b"a;b\n1;2\n")
    with pytest.raises(DataError) as caught:
        reading.read_rows(path, needed=NEEDED)
    assert [problem.found for problem in caught.value.problem_list] == ["identifiant", "nom"]
    assert "a, b" in str(caught.value)
    assert "file.csv" in str(caught.value)


def test_commune_codes_get_back_one_lost_zero_and_nothing_else():
    cells = pd.Series(["1001", "01001", "2a004", "84200.0", "D14", "", "123", None], dtype="str")
    found = reading.commune_codes(cells)
    assert found.iloc[:4].tolist() == ["01001", "01001", "2A004", "84200"]
    assert found.iloc[4:].isna().all()


def test_arrondissements_become_their_commune():
    cells = pd.Series(["75101", "75120", "13216", "69389", "75121", "12145"], dtype="str")
    lifted = reading.lift_arrondissements(cells).tolist()
    assert lifted == ["75056", "75056", "13055", "69123", "75121", "12145"]


@pytest.mark.parametrize(
    "one,other",
    [
        ("ST GENIEZ D OLT ET D AUBRAC", "Saint Geniez d'Olt et d'Aubrac"),
        ("ONET LE CHATEAU", "Onet-le-Château"),
        ("Sainte-Eulalie", "STE EULALIE"),
        ("MILLAU CEDEX 2", "Millau"),
        ("MILLAU BP 434", "Millau"),
        ("RENNES CS 46706", "Rennes"),
        ("GUERET 23000", "Guéret"),
        ("CHATEAU CHINON VILLE", "Château-Chinon (Ville)"),
        ("PARIS 7 TSA10717", "Paris 7e Arrondissement"),
        ("MARSEILLE 1", "Marseille 01"),
        ("LYON 9EME", "Lyon 9e arrondissement"),
    ],
)
def test_names_of_communes_compare_between_files(one, other):
    assert reading.place_name(one) == reading.place_name(other)


def test_names_of_different_communes_stay_apart():
    assert reading.place_name("Le Rozier") != reading.place_name("Rozier")
    assert reading.place_name("PARIS 1") != reading.place_name("PARIS 11")
    assert reading.place_name("Paris-l'Hôpital") == "paris l hopital"
    assert reading.city_name("Lyons-la-Forêt") == "lyons la foret"


def test_suggestions_find_a_name_and_a_near_code():
    known = {"12145": "Millau", "12146": "Le Monastère"}
    assert reading.suggestions("Milau", known) == "12145 (Millau)"
    assert "12145 (Millau)" in reading.suggestions("12154", known)
    assert reading.suggestions("zzz", known) == ""


def test_a_file_that_may_not_be_read_is_told_in_words(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("x", encoding="utf-8")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError) as caught:
        reading.check_file(path, endings=(".csv",))
    assert caught.value.code == "sources_unreadable"
