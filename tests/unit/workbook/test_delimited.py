"""CSV files: separator and encoding told from the file, or refused in words."""

from __future__ import annotations

import pytest

from toolkit import workbook
from toolkit.errors import WorkbookError
from toolkit.language import problem_text
from toolkit.workbook.delimited import read_delimited

HEAD = "Nom;Famille;Commune;Adresse"
ROW = "Épicerie du Château;ess;99001;4, rue de l'Église"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_separators_and_line_ends(tmp_path, encoding, separator, end):
    row = ROW.replace("4, rue", '"4, rue').replace(";", separator) + '"'
    words = end.join(
        [HEAD.replace(";", separator), row.replace(f'{separator}"4', f'{separator}"4')]
    )
    path = tmp_path / "acteurs.csv"
    path.write_bytes(words.encode(encoding))
    frame = workbook.read(path).tables["actors"]
    assert frame.loc[2, ["name", "address"]].tolist() == [
        "Épicerie du Château",
        "4, rue de l'Église",
    ]
    assert read_delimited(path).separator == separator
    assert read_delimited(path).encoding == encoding


def code_of(tmp_path, data, name="acteurs.csv"):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(WorkbookError) as caught:
        workbook.read(path)
    return caught.value


def test_mixed_line_ends_are_read(tmp_path):
    path = tmp_path / "acteurs.csv"
    path.write_bytes(f"{HEAD}\r\nA;ess;99001;x\nB;ess;99001;y\rC;ess;99001;z".encode())
    assert workbook.read(path).tables["actors"]["name"].tolist() == ["A", "B", "C"]


@pytest.mark.parametrize(
    "data, code",
    [
        (f"{HEAD}\nÉpicerie".encode("cp1252") + b"\x81", "csv_encoding"),
        (f"{HEAD}\nÉpicerie".encode() + b"\xe9t\xe9", "csv_encoding_mixed"),
        (f"{HEAD}\nIntercommunalité;x\nrégion;y".encode("cp850"), "csv_encoding_mixed"),
        (f"{HEAD}\nqualité;x".encode("mac_roman"), "csv_encoding_mixed"),
        (f"{HEAD}\nÉcole;x".encode("mac_roman"), "csv_encoding_mixed"),
        (b"Nom;Famille\n\0\0\0", "csv_binary"),
        (HEAD.encode("utf-16")[:-1], "csv_encoding"),
        (b"a;b,c;d,e\n1;2,3;4,5", "csv_separator"),
        (b'Nom;Famille;Commune\nA;ess;"99001\nB;ess;99002\n', "csv_quotes"),
    ],
)
def test_what_is_ambiguous_is_refused_in_words(tmp_path, data, code):
    error = code_of(tmp_path, data)
    assert error.code == code
    assert "acteurs.csv" in problem_text(error.problem_list[0], lang="fr")


def test_a_declared_separator_settles_it(tmp_path):
    path = tmp_path / "acteurs.csv"
    path.write_text("sep=;\nNom;Famille;Commune\nA,B;ess;99001\n", encoding="utf-8")
    frame = workbook.read(path).tables["actors"]
    assert frame["name"].to_dict() == {3: "A,B"}


def test_a_line_with_too_many_fields_is_named_and_left_out(tmp_path):
    path = tmp_path / "acteurs.csv"
    path.write_text(
        'Nom,Famille,Commune\n"A\nB",ess,99001\nC,ess,99001,rue, 4\nD,ess,99001,,\nE,ess\n',
        encoding="utf-8",
    )
    reading = workbook.read(path)
    (problem,) = reading.problems
    assert (problem.code, problem.row, problem.params["line"]) == ("csv_fields", "3", 4)
    assert reading.tables["actors"]["name"].tolist() == ["A\nB", "D", "E"]
    assert reading.tables["actors"].loc[5, "commune_id"] is None


def test_the_table_is_told_by_name_or_headers(tmp_path):
    for name, table in (
        ("mes_besoins-2026.csv", "needs"),
        ("export.csv", "needs"),
    ):
        path = tmp_path / name
        path.write_text("Acteur;Catégorie;Priorité\nA;eau;Haute\n", encoding="utf-8")
        assert set(workbook.read(path).tables) == {table}
    assert code_of(tmp_path, b"x;y\n1;2", "export.csv").code == "csv_table_unknown"


def test_a_folder_of_files_is_a_workbook(tmp_path):
    (tmp_path / "acteurs.csv").write_text(f"{HEAD}\n{ROW}\n", encoding="utf-8")
    (tmp_path / "besoins.tsv").write_text("Acteur\tCatégorie\nA\teau\n", encoding="cp1252")
    (tmp_path / "notes.docx").write_text("x", encoding="utf-8")
    reading = workbook.read(tmp_path)
    assert reading.where == {"actors": "acteurs.csv", "needs": "besoins.tsv"}
    assert (reading.problems, reading.kind) == ((), "csv")


def test_a_directory_with_few_of_the_headers_is_told_and_what_it_lacks_is_named(tmp_path):
    path = tmp_path / "annuaire.csv"
    path.write_text(
        "nom,themes,description,adresse,longitude,latitude\nA,Tri,x,y,1.9,50.9\n", encoding="utf-8"
    )
    reading = workbook.read(path)
    assert set(reading.tables) == {"actors"}
    assert [problem.column for problem in reading.problems] == ["family", "commune_id"]
    path.write_text("nom,description\nA,x\n", encoding="utf-8")
    assert code_of(tmp_path, path.read_bytes(), "annuaire.csv").code == "csv_table_unknown"
