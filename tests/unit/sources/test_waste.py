"""Recycling centres and declared waste, on small files in the layouts of the services."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest

from toolkit import nomenclature
from toolkit.errors import DataError
from toolkit.language import problem_text
from toolkit.sources import irep
from toolkit.sources.irep import load_irep, waste_category
from toolkit.sources.sinoe import load_sinoe

ONE = "73282932000074"  # valid by Luhn's rule, made for the tests


def notes(extract) -> dict[str, str]:
    for note in extract.notes:
        assert problem_text(note, lang="fr") != problem_text(note, lang="en")
    return {note.code.removeprefix("sources_"): note.found for note in extract.notes}


def text_of(*rows: dict[str, object]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


# --- recycling centres ------------------------------------------------------------------------
CENTRE = {
    "ANNEE": 2025,
    "C_SERVICE": 101,
    "N_SERVICE": "Déchèterie de Millau",
    "AD1_SITE": "rue Haute",
    "CP_SITE": "12100",
    "L_VILLE_SITE": "Millau",
    "C_COMM": "12145",
    "C_DEPT": "12",
    "LST_TYPE_DECHET": "07.6 | 07.25",
    "GPS_LAT": None,
    "GPS_LONG": None,
    "_geopoint": "44.1,3.07",
    "L_TYP_ACTEUR": "Communauté de communes",
    "TEL_SERVICE": "0102030405",
}


def answer(folder, *rows: dict[str, object], as_csv: bool = False):
    path = folder / ("list.csv" if as_csv else "list.json")
    text = text_of(*rows) if as_csv else json.dumps({"total": len(rows), "results": list(rows)})
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("as_csv", [False, True])
def test_centres_of_the_latest_year(tmp_path, as_csv):
    rows = [
        {**CENTRE, "ANNEE": 2023},
        CENTRE,
        {**CENTRE, "C_SERVICE": 102, "C_COMM": "1001", "L_TYP_ACTEUR": "Entreprise privée"},
        {**CENTRE, "C_SERVICE": 103, "ANNEE": 2023},
        {**CENTRE, "C_SERVICE": 104, "N_SERVICE": None},
        CENTRE,
    ]
    path = answer(tmp_path, *rows, as_csv=as_csv)
    found = load_sinoe(path)
    actors = found.tables["actors"].set_index("actor_id")
    assert list(actors.index) == ["sinoe:101", "sinoe:102"]
    assert actors["family"].tolist() == ["public", "business"]
    assert actors["commune_id"].tolist() == ["12145", "01001"]
    assert actors[["latitude", "longitude"]].iloc[0].tolist() == [44.1, 3.07]
    assert actors["address"].iloc[0] == "rue Haute, 12100 Millau"
    assert "0102030405" not in actors.to_csv()
    resources = found.tables["resources"]
    assert set(resources["category"]) == {"services.daily_life.recycling_centre"}
    assert resources["label"].iloc[0] == "SINOE 07.6, 07.25"
    assert resources["quantity"].sum() == 2
    assert notes(found) == {"other_years": "2", "unnamed": "1", "duplicates": "1"}
    assert found.source["data_year"] == 2025
    assert set(load_sinoe(path, year=2023).tables["actors"]["actor_id"]) == {
        "sinoe:101",
        "sinoe:103",
    }
    with pytest.raises(DataError) as caught:
        load_sinoe(path, year=2020)
    assert caught.value.code == "sources_no_year"
    assert "2023, 2025" in str(caught.value)


def test_degrees_come_before_the_point_in_one_cell(tmp_path):
    row = {**CENTRE, "GPS_LAT": 44.2, "GPS_LONG": 3.1, "LST_TYPE_DECHET": ["07.6", "NP"]}
    found = load_sinoe(answer(tmp_path, row))
    assert found.tables["actors"][["latitude", "longitude"]].iloc[0].tolist() == [44.2, 3.1]
    assert found.tables["resources"]["label"].tolist() == ["SINOE 07.6, NP"]


@pytest.mark.parametrize("content", [{"results": []}, {"total": 0}, {"results": [{"a": 1}]}, []])
def test_another_layout_is_refused(tmp_path, content):
    path = tmp_path / "list.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_sinoe(path)
    assert caught.value.code == "sources_json_layout"


# --- declared waste ---------------------------------------------------------------------------
SITE = {
    "identifiant": "0001",
    "nom_etablissement": "Usine",
    "numero_siret": ONE,
    "adresse": "rue Haute",
    "code_postal": "1000",
    "commune": "BOURG-EN-BRESSE",
    "departement": "1",
    "coordonnees_x": "9999",
    "code_ape": "2016Z",
}
WASTE = {
    "identifiant": "0001",
    "nom_etablissement": "Usine",
    "annee": 2023,
    "code_operation_eliminatio_valorisation": "R3",
    "code_departement": "01",
    "pays": "FRANCE",
    "code_dechet": "15 01 01",
    "libelle_dechet": "emballages en papier/carton",
    "quantite": "10,5",
    "unite": "t/an",
}


def archive(folder, *, sites=(SITE,), plain=(WASTE,), hazardous=(), inside="2023/"):
    path = folder / "2023.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        if sites:
            packed.writestr(f"{inside}etablissements.csv", text_of(*sites))
        if plain:
            packed.writestr(f"{inside}Prod_dechets_non_dangereux.csv", text_of(*plain))
        if hazardous:
            packed.writestr(f"{inside}Prod_dechets_dangereux.csv", text_of(*hazardous))
        packed.writestr(f"{inside}emissions.csv", "a;b\n1;2\n")
    return path


def test_what_a_site_produces_and_what_leaves_its_departement(tmp_path):
    plain = [
        WASTE,
        {**WASTE, "code_departement": "69", "quantite": "4", "unite": "kg/an"},
        {**WASTE, "code_departement": "", "pays": "BELGIQUE", "quantite": "2"},
        {**WASTE, "code_departement": "", "quantite": "1"},
        {**WASTE, "annee": 2022, "quantite": "99"},
        {**WASTE, "code_dechet": "99 99 99"},
        {**WASTE, "quantite": "0"},
        {**WASTE, "identifiant": "0777"},
    ]
    danger = {**WASTE, "code_dechet": "07 07 08*", "code_departement": "38", "quantite": "3"}
    found = load_irep(archive(tmp_path, plain=plain, hazardous=[danger]))
    actor = found.tables["actors"].iloc[0]
    assert (actor["actor_id"], actor["department"]) == (f"siret:{ONE}", "01")
    assert (actor["activity"], actor["city"]) == ("20.16Z", "BOURG-EN-BRESSE")
    assert "9999" not in " ".join(map(str, actor))
    resources = found.tables["resources"].set_index("category")
    # 10.5 at home + 0.004 to the Rhône + 2 abroad + 1 that is not told.
    assert resources.loc["materials.paper.cardboard", "quantity"] == pytest.approx(13.504)
    assert resources.loc["materials.hazardous", "quantity"] == 3
    assert set(resources["unit"]) == {"t"}
    flows = found.tables["flows"].set_index("category")
    assert flows.loc["materials.paper.cardboard", "quantity"] == pytest.approx(2.004)
    assert flows.loc["materials.hazardous", "quantity"] == 3
    assert set(flows["destination"]) == {"outside"}
    assert set(flows["year"]) == {2023}
    assert notes(found) == {
        "other_years": "1",
        "waste_codes": "1",
        "no_quantity": "1",
        "unknown_site": "1",
        "destination_untold": "1",
    }
    assert found.counts["kept"] == 5
    assert found.source["data_year"] == 2023
    earlier = load_irep(archive(tmp_path, plain=plain), year=2022)
    assert earlier.tables["resources"]["quantity"].tolist() == [99]
    assert earlier.tables["flows"].empty


def test_sites_without_siret_and_without_waste(tmp_path):
    silent = {**SITE, "identifiant": "0002"}
    bare = {**SITE, "identifiant": "0003", "numero_siret": "1", "departement": "D69"}
    rows = [{**WASTE, "identifiant": "0003"}]
    found = load_irep(archive(tmp_path, sites=[silent, bare], plain=rows))
    assert found.tables["actors"]["actor_id"].tolist() == ["irep:0003"]
    assert found.tables["flows"]["origin"].tolist() == ["irep:0003"]


def test_archives_that_lack_something_are_refused(tmp_path, monkeypatch):
    with pytest.raises(DataError) as caught:
        load_irep(archive(tmp_path, sites=(), plain=()))
    assert [problem.code for problem in caught.value.problem_list] == ["sources_archive_lacks"] * 2
    assert "emissions.csv" in str(caught.value)
    with pytest.raises(DataError) as caught:
        load_irep(archive(tmp_path), year=1999)
    assert caught.value.code == "sources_no_year"
    monkeypatch.setattr(irep, "MAX_BYTES", 10)
    with pytest.raises(DataError) as caught:
        load_irep(archive(tmp_path))
    assert caught.value.code == "sources_json_size"
    path = tmp_path / "bad.zip"
    path.write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(DataError) as caught:
        load_irep(path)
    assert caught.value.code == "sources_damaged"


def test_every_waste_has_a_category_by_mass():
    waste = nomenclature.table("waste")
    codes = waste.index[waste["level"] == "waste"]
    found = {code: waste_category(code) for code in codes}
    assert set(found.values()) <= nomenclature.codes("categories")
    assert {nomenclature.category_dimension(one) for one in found.values()} == {"mass", ""}
    assert found["17 02 01"] == "materials.wood"
    assert found["15 01 03"] == "materials.wood"
    assert found["18 01 03"] == "materials.hazardous.healthcare"
    assert found["01 01 01"] == "materials"
    # A hazardous waste that no category names is never matter of any kind.
    hazardous = waste.index[(waste["level"] == "waste") & (waste["hazardous"] == "1")]
    assert all(found[code] != "materials" for code in hazardous)
