"""The register of associations, on small files written by hand in its two layouts."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit.errors import DataError
from toolkit.language import problem_text
from toolkit.sources.rna import load_rna

# Valid by Luhn's rule, made for the tests.
ONE, TWO = "73282932000074", "44306184100047"
WALDEC = "id;id_ex;siret;date_disso;nature;groupement;titre;objet;objet_social1;objet_social2;"
WALDEC += (
    "adrs_numvoie;adrs_libvoie;adrs_codeinsee;adrs_codepostal;adrs_libcommune;telephone;email;"
)
WALDEC += "position;maj_time"

IMPORT = "id;id_ex;siret;gestion;date_creat;groupement;titre;objet;objet_social1;adr1;adr2;"
IMPORT += "adrs_codepostal;libcom;adrs_codeinsee;position;maj_time"


def write(folder, lines: list[str], *, encoding: str = "utf-8"):
    path = folder / "rna_waldec_20250101_dpt_14.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def row(number: str, **cells: str) -> str:
    names = WALDEC.split(";")
    known = {
        "id": number,
        "nature": "D",
        "groupement": "S",
        "titre": f"Asso {number}",
        "objet": "x",
        "objet_social1": "000000",
        "objet_social2": "000000",
        "date_disso": "0001-01-01",
        "adrs_numvoie": "12",
        "adrs_libvoie": "des Lilas",
        "adrs_codeinsee": "14118",
        "adrs_codepostal": "14000",
        "adrs_libcommune": "Caen",
        "telephone": "0102030405",
        "email": "x@y.fr",
        "position": "A",
        "maj_time": "2019-01-01 10:00:00",
    }
    return ";".join({**known, **cells}.get(name, "") for name in names)


def by_id(frame: pd.DataFrame, key: str = "actor_id") -> dict[str, dict]:
    return frame.set_index(key).to_dict("index")


def notes(extract) -> dict[str, str]:
    for note in extract.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
    return {note.code.removeprefix("sources_"): note.found for note in extract.notes}


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_active_associations_of_the_newer_file(tmp_path, encoding):
    purpose = '"jouer une musique dite ""libre"" ;\net la faire connaître"'
    lines = [
        WALDEC,
        row("W142000001", objet=purpose, titre='"Les ""Épis"""', objet_social1="006030"),
        row("W142000002", siret=ONE, nature="R", groupement="F", objet_social2="015000"),
        row("W142000003", position="D"),
        row("W142000004", adrs_codeinsee="_", adrs_libcommune="Bayeux", adrs_codepostal="14400"),
        row("W142000005", adrs_codeinsee="_", adrs_libcommune="", adrs_codepostal=""),
        row("W142000006", titre=""),
        row("W142000007", siret=ONE[:-1] + "5", maj_time="2024-03-01 08:00:00"),
    ]
    found = load_rna(write(tmp_path, lines, encoding=encoding))
    actors = by_id(found.tables["actors"])
    assert set(actors) == {
        "rna:W142000001",
        f"siret:{ONE}",
        "rna:W142000004",
        "rna:W142000007",
    }
    music = actors["rna:W142000001"]
    assert music["name"] == 'Les "Épis"'
    assert (music["family"], music["ess_form"]) == ("ess", "association")
    assert (music["sectors"], music["legal_form"], music["rna"]) == (
        "culture_sport",
        "9220",
        "W142000001",
    )
    assert pd.isna(music["roles"])
    union = actors[f"siret:{ONE}"]
    assert (union["roles"], union["sectors"], union["legal_form"]) == (
        "network",
        "education",
        "9230",
    )
    by_town = actors["rna:W142000004"]
    assert pd.isna(by_town["commune_id"])
    assert (by_town["city"], by_town["department"]) == ("Bayeux", "14")
    assert by_town["sectors"] == "associations"
    assert pd.isna(actors["rna:W142000007"]["siret"])
    assert not {"address", "description", "telephone", "email"} & set(found.tables["actors"])
    text = found.tables["actors"].to_csv()
    assert "Lilas" not in text
    assert "0102030405" not in text
    assert found.source["data_year"] == 2024
    assert found.counts == {
        "read": 7,
        "rna_inactive": 1,
        "incomplete": 1,
        "rna_nowhere": 1,
        "actors": 4,
        "kept": 4,
    }
    assert notes(found) == {
        "rna_inactive": "1",
        "incomplete": "1",
        "rna_nowhere": "1",
        "rna_siret": "1",
        "rna_absent": "3",
    }


def test_older_file_and_arrondissements(tmp_path):
    lines = [
        IMPORT,
        "751P00012;;;751P;1950-01-01;S;VIEUX ;x;011000;chez M. Untel;;75011;PARIS;75111;a;",
        "751P00013;;;751P;1950-01-01;S;REPRISE;x;011000;;;75011;PARIS;75111;R;",
    ]
    found = load_rna(write(tmp_path, lines))
    actors = by_id(found.tables["actors"])
    assert list(actors) == ["rna:751P00012"]
    assert actors["rna:751P00012"]["commune_id"] == "75056"
    assert actors["rna:751P00012"]["sectors"] == "culture_sport"
    assert pd.isna(actors["rna:751P00012"]["legal_form"])
    assert "Untel" not in found.tables["actors"].to_csv()
    assert found.source["data_year"] is None
    assert load_rna(write(tmp_path, lines), data_year=2020).source["data_year"] == 2020


def test_last_state_wins_and_a_siret_given_twice_is_nobodys(tmp_path):
    lines = [
        WALDEC,
        row("W142000001", titre="Nouveau", maj_time="2020-01-01 00:00:00"),
        row("W142000001", titre="Ancien", maj_time="2010-01-01 00:00:00"),
        row("W142000002", siret=TWO),
        row("W142000003", siret=TWO),
    ]
    found = load_rna(write(tmp_path, lines))
    actors = by_id(found.tables["actors"])
    assert actors["rna:W142000001"]["name"] == "Nouveau"
    assert {"rna:W142000002", "rna:W142000003"} <= set(actors)
    assert found.tables["actors"]["siret"].isna().all()
    assert notes(found) == {"rna_states": "1", "rna_shared": "2", "rna_absent": "3"}


def test_a_file_of_something_else_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        load_rna(write(tmp_path, ["id;nom", "1;A"]))
    assert {problem.found for problem in caught.value.problem_list} == {"titre", "position"}
