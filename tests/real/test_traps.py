"""The traps that every loader must handle, each shown on the real file that holds it.

The numbers are those of section A0 of the notes on the data in ``../shared/data``.  A trap that an
older test shows already is not shown again here:

==  ====================================  ==========================================================
1   codes without their zero              here; ``test_sources_social``, ``test_parsing``
2   numbers written as decimals           here; ``test_identifiers``, ``test_sources_circular``
3   year of the geography                 here; ``test_sources_elsewhere``, ``test_sources_social``
4   delegated and associated communes     here
5   Paris, Lyon, Marseille                here; ``test_other_territories``, ``test_sirene_stock``
6   overseas                              here; ``test_other_territories``, ``test_perimeters``
7   points in other systems               here
8   who opposed diffusion                 here
9   natural persons                       here; ``test_calaisis`` (the report)
10  answers cut at 10 000                 nothing asks that service for a stock
11  dates that cannot be                  here; ``test_sources_social`` (0001-01-01)
12  levels, years, events in one file     ``test_sources_social`` (BPE), ``test_millau`` (events)
13  encodings                             here
14  malformed records                     here; ``test_calaisis`` (spellings of a theme)
15  secrecy and weights                   here; ``test_sources_social``, ``test_sirene_stock``
16  groupings across départements         ``test_perimeters``
==  ====================================  ==========================================================
"""

from __future__ import annotations

import csv
import json
import re

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

from toolkit import crs
from toolkit.sources.assemble import assemble
from toolkit.sources.bpe import load_bpe
from toolkit.sources.communes import read_communes
from toolkit.sources.commuting import load_commuting
from toolkit.sources.decp import load_decp
from toolkit.sources.extract import Extract, Sieve
from toolkit.sources.france_services import load_france_services
from toolkit.sources.mapped import load_mapped
from toolkit.sources.passage import read_passage
from toolkit.sources.reading import place_name, read_rows
from toolkit.sources.schools import load_schools
from toolkit.sources.siae import load_siae
from toolkit.sources.sirene_daily import load_sirene_daily
from toolkit.sources.sirene_stock import load_sirene
from toolkit.sources.towns import addresses, departments

duckdb = pytest.importorskip("duckdb")
pytestmark = pytest.mark.shared

HIDDEN = ("address", "latitude", "longitude")


def records(path) -> list[dict[str, str]]:
    text = path.read_text(encoding="utf-8-sig")
    separator = max(",;", key=text.split("\n", maxsplit=1)[0].count)
    return list(csv.DictReader(text.splitlines(keepends=True), delimiter=separator))


def cells(rows: list[dict[str, str]], name: str) -> pd.Series:
    return pd.Series([row[name] or None for row in rows], dtype="str")


def around(names: dict[str, str], *, west: float, south: float, size: float = 1.0) -> Extract:
    """Return a perimeter of communes that all cover one square, in degrees."""
    communes = gpd.GeoDataFrame(
        {"commune_id": list(names), "name": list(names.values()), "cog_year": 2023},
        geometry=[box(west, south, west + size, south + size)] * len(names),
        crs=4326,
    )
    return Extract({"communes": communes}, {"source_id": "communes"}, {}, ())


# --- 1 and 2: cells that a spreadsheet spoilt ----------------------------------------------------
def test_trap_1_postcodes_of_the_ain_have_lost_their_zero(shared_data):
    rows = records(shared_data / "normandie" / "laposte_hexasmal_extrait.csv")
    ain = [row for row in rows if row["code_commune_insee"].startswith("01")]
    assert {len(row["code_postal"]) for row in ain} == {4}
    nothing = pd.Series(None, index=range(len(rows)), dtype="str")
    told = departments(nothing, postcode=cells(rows, "code_postal"))
    assert {told[place] for place, row in enumerate(rows) if row in ain} <= {"01", "39", "69", "71"}
    own = told == cells(rows, "code_commune_insee").str[:2]
    assert own.mean() > 0.99
    lines = addresses(nothing, postcode=cells(ain, "code_postal"), city=cells(ain, "nom_commune"))
    assert lines.iloc[0] == "01400 L ABERGEMENT CLEMENCIAT"


def test_trap_1_departements_of_three_characters(shared_data):
    path = shared_data / "national" / "siae_asp_2019_07.csv"
    written = {row["CODE_DEPARTEMENT"] for row in records(path)}
    assert {"001", "02A", "02B", "59L", "59V", "974"} <= written
    actors = load_siae(path).tables["actors"]
    found = set(actors["department"])
    assert {"01", "2A", "2B", "59", "974"} <= found
    assert all(re.fullmatch(r"\d\d|2[AB]|97\d", name) for name in found)
    assert "20" not in found


def test_trap_2_postcodes_and_legal_forms_are_decimals(shared_data, tmp_path):
    path = shared_data / "national" / "ess_numerique_enrichi_2026.csv"
    rows = records(path)
    assert {"84200.0", "9220.0"} <= {row[name] for row in rows for name in row}
    mapping = tmp_path / "ess.toml"
    columns = {
        "name": "denomination",
        "siren": "siren",
        "siret": "siret_siege",
        "city": "commune",
        "postcode": "code_postal",
        "legal_form": "categorie_juridique",
    }
    lines = "\n".join(f'{name} = "{header}"' for name, header in columns.items())
    mapping.write_text(f"[actors.columns]\n{lines}\n", encoding="utf-8")
    actors = load_mapped(path, mapping).tables["actors"].set_index("siren")
    for row in rows:
        if row["siren"] in actors.index and row["categorie_juridique"]:
            form = row["categorie_juridique"].removesuffix(".0")
            assert actors["legal_form"].fillna(form)[row["siren"]] == form
    assert (actors["legal_form"] == "9220").sum() > 2000
    told = [row for row in rows if row["code_postal"].startswith("84")]
    assert told
    assert {actors["department"][row["siren"]] for row in told} == {"84"}


# --- 3 and 4: what became of the communes --------------------------------------------------------
def test_trap_3_every_commune_of_2018_finds_its_living_one(shared_data):
    folder = shared_data / "normandie"
    drawn = {
        feature["properties"]["code"]
        for part in ("14", "50", "61")
        for feature in json.loads(
            (folder / f"communes_{part}_cog2018.geojson").read_text(encoding="utf-8")
        )["features"]
    }
    living = {
        row["commune_code"]
        for row in records(folder / "epci_communes_population_2026_14_50_61.csv")
    }
    gone = sorted(drawn - living)
    assert (len(drawn), len(gone)) == (1402, 45)
    table = read_passage(shared_data / "national" / "communes_ancien_nouveau_code_2026.parquet")
    assert table.year == 2026
    assert set(table.apply(pd.Series(gone, dtype="str"))) <= living
    # Sannerville lives again: a table of one code to one cannot say where its rows belong.
    assert table.living["14666"] == "14666"
    split = read_passage(shared_data / "national" / "geocodes_passage_annuel.csv").split
    assert split["14712"] == ("14666", "14712")


def test_trap_3_a_code_of_another_year_is_told_by_its_point(shared_data):
    folder = shared_data / "normandie"
    perimeter = read_communes(folder / "communes_14_cog2018.geojson", cog_year=2018)
    schools = load_schools(folder / "ecoles_14_50_61.csv")
    told = {note.code: note.params["examples"] for note in assemble(perimeter, [schools]).notes}
    # In 2018 Sannerville was a part of Saline, as it is no longer.
    assert "(14666 → 14712)" in told["sources_code_elsewhere"]


def test_trap_4_old_communes_are_brought_to_their_living_one(shared_data):
    rows = records(shared_data / "national" / "v_commune_2023.csv")
    kinds = cells(rows, "TYPECOM").value_counts()
    assert kinds.to_dict() == {"COM": 34_945, "COMD": 2_081, "COMA": 492, "ARM": 45}
    below = [row for row in rows if row["TYPECOM"] in {"COMD", "COMA"}]
    own = {row["COM"] for row in rows if row["TYPECOM"] == "COM"}
    parts = [row for row in below if row["COM"] not in own]
    table = read_passage(shared_data / "national" / "v_commune_2023.csv")
    assert {row["COM"]: table.living[row["COM"]] for row in parts} == {
        row["COM"]: row["COMPARENT"] for row in parts
    }
    assert all(table.living[code] == code for code in own)
    assert table.living["75101"] == "75056"
    # The table of passage says the same, but of the few that have come back since.
    later = read_passage(shared_data / "national" / "communes_ancien_nouveau_code_2026.parquet")
    known = [row for row in parts if row["COM"] in later.living]
    assert len(known) > 1_400
    parent = later.living
    other = [row for row in known if parent[row["COM"]] != parent.get(row["COMPARENT"])]
    assert {parent[row["COM"]] for row in other} <= {row["COM"] for row in other}
    assert len(other) < 10


# --- 5 and 6: codes of their own -----------------------------------------------------------------
@pytest.mark.parametrize(
    "code, name, place", [("75056", "Paris", (2.0, 48.5)), ("13055", "Marseille", (5.0, 43.0))]
)
def test_trap_5_the_list_of_the_asp_names_arrondissements(shared_data, code, name, place):
    path = shared_data / "national" / "siae_asp_2019_07.csv"
    wanted = {
        row["SIRET"]
        for row in records(path)
        if row["LIB_COM"].startswith(f"{name.upper()} ")
        and row["CODE_POST_COM"].startswith(code[:2])
    }
    assert len(wanted) > 30
    perimeter = around({code: name}, west=place[0], south=place[1])
    actors = assemble(perimeter, [load_siae(path)]).tables["actors"]
    assert set(actors["actor_id"]) >= wanted
    assert set(actors["commune_id"]) == {code}


def test_trap_5_services_of_arrondissements_stand_in_their_city(shared_data):
    path = shared_data / "national" / "france_services_20221201.csv"
    rows = [row for row in records(path) if re.match("751|132|6938", row["insee_com"])]
    assert rows
    perimeter = around({"13055": "Marseille"}, west=5.0, south=43.0)
    actors = assemble(perimeter, [load_france_services(path)]).tables["actors"]
    own = {f"fs:{row['id_fs']}" for row in rows if row["insee_com"].startswith("132")}
    assert own
    assert own <= set(actors["actor_id"])


def test_trap_6_communes_overseas_are_97_and_three_digits(shared_data):
    path = shared_data / "martinique_972" / "sirene_quotidien_2017_972_pm.csv"
    rows = records(path)
    assert {row["DEPET"] for row in rows} == {"97"}
    assert {row["COMET"][0] for row in rows} == {"2"}
    communes = set(load_sirene_daily(path).tables["actors"]["commune_id"])
    assert communes
    living = {
        row["commune_code"]
        for row in records(shared_data / "martinique_972" / "epci_communes_population_2026_972.csv")
    }
    assert communes <= living


@pytest.mark.parametrize(
    "department, town", [("973", "Cayenne"), ("974", "Saint-Denis"), ("976", "Mamoudzou")]
)
def test_trap_6_points_overseas_are_believed_in_their_own_part(shared_data, department, town):
    path = shared_data / "national" / "siae_geocodees_2021_02.csv"
    rows = [row for row in records(path) if row["department"] == department]
    code = next(
        row["COM"]
        for row in records(shared_data / "national" / "v_commune_2023.csv")
        if row["LIBELLE"] == town and row["COM"].startswith(department)
    )
    zone = crs.OVERSEAS[department]
    perimeter = around({code: town}, west=zone.west, south=zone.south, size=zone.east - zone.west)
    actors = assemble(perimeter, [load_siae(path)]).tables["actors"].set_index("siret")
    there = [row for row in rows if place_name(row["city"]) == place_name(town)]
    assert len(there) > 2
    for row in there:
        assert actors["commune_id"][row["siret"]] == code
        if float(row["geocoding_score"]) >= 0.5:
            assert actors["latitude"][row["siret"]] == pytest.approx(float(row["latitude"]))


# --- 7: points in other systems -------------------------------------------------------------------
def _mapping(tmp_path, lines: str, *, epsg: int = 0):
    path = tmp_path / "mapping.toml"
    system = f"[file]\nepsg = {epsg}\n\n" if epsg else ""
    family = '[actors.constants]\nfamily = "public"\n'
    path.write_text(f"{system}[actors.columns]\n{lines}\n\n{family}", encoding="utf-8")
    return path


def _posted(shared_data) -> dict[str, tuple[float, float]]:
    """Return latitude and longitude of communes as the post writes them: ``lat, lon``."""
    rows = records(shared_data / "normandie" / "laposte_hexasmal_extrait.csv")
    return {
        row["code_commune_insee"]: tuple(map(float, row["coordonnees_gps"].split(",")))
        for row in rows
        if row["coordonnees_gps"]
    }


def test_trap_7_kilometres_of_lambert_are_told_and_read(shared_data, tmp_path):
    path = shared_data / "autres" / "communes_lambert_hectometres_zero_perdu.csv"
    lines = 'name = "NOM_COM"\ncommune_id = "INSEE_COM"\nx = "x"\ny = "y"'
    found = load_mapped(path, _mapping(tmp_path, lines, epsg=2154))
    actors = found.tables["actors"].set_index("commune_id")
    posted = _posted(shared_data)
    both = [code for code in actors.index if code in posted]
    assert len(both) > 100
    latitudes = pd.Series({code: posted[code][0] for code in both})
    assert (actors["latitude"][both] - latitudes).abs().median() < 0.03
    assert actors["latitude"].between(41, 51.5).all()
    assert [note.found for note in found.notes if note.code == "sources_mapping_unit"] == ["2000"]


def test_trap_7_metres_of_a_web_map_and_points_in_one_cell(shared_data, tmp_path):
    path = shared_data / "normandie" / "communes_attributs_2023.csv"
    lines = 'name = "name"\ncommune_id = "geo_code"\nx = "cheflieu_x"\ny = "cheflieu_y"'
    found = load_mapped(path, _mapping(tmp_path, lines, epsg=3857)).tables["actors"]
    actors = found.set_index("commune_id")
    path = shared_data / "normandie" / "laposte_hexasmal_extrait.csv"
    lines = 'name = "nom_commune"\ncommune_id = "code_commune_insee"\npoint = "coordonnees_gps"'
    cells_of_post = load_mapped(path, _mapping(tmp_path, lines)).tables["actors"]
    points = cells_of_post.drop_duplicates("commune_id").set_index("commune_id")
    both = actors.index.intersection(points.index)
    assert len(both) > 1_300
    for name in ("latitude", "longitude"):
        assert (actors[name][both] - points[name][both]).abs().median() < 0.05


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: {"latitude": "0", "longitude": "0"},
        lambda row: {"latitude": row["longitude"], "longitude": row["latitude"]},
        lambda _: {"latitude": "48.85", "longitude": "2.35"},
    ],
    ids=["zero", "swapped", "far"],
)
def test_trap_7_points_that_lie_elsewhere_are_missing(shared_data, tmp_path, spoil):
    rows = records(shared_data / "millau_12" / "france_services_20221201_12.csv")
    path = tmp_path / "services.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows([{**row, **spoil(row)} for row in rows])
    codes = {row["insee_com"]: row["lib_com"] for row in rows}
    perimeter = around(codes, west=2.0, south=43.8, size=1.2)
    actors = assemble(perimeter, [load_france_services(path)]).tables["actors"]
    assert len(actors) == len(rows)
    assert actors[["latitude", "longitude"]].isna().all().all()
    assert actors["commune_id"].tolist() == [
        row["insee_com"] for row in sorted(rows, key=lambda row: f"fs:{row['id_fs']}")
    ]


# --- 8 and 9: who is not named ------------------------------------------------------------------
@pytest.fixture
def stock(shared_data, tmp_path):
    """Return a stock in the real layout: persons of the real sample, one who opposed diffusion."""
    folder = shared_data / "formats"
    layout = records(folder / "sirene_v3_sample_etablissements_OK.csv")[0]
    units = records(folder / "sirene_v3_sample_unites_legales_OK.csv")
    hidden = json.loads((folder / "api_sirene_non_diffusable.json").read_text(encoding="utf-8"))
    assert hidden["statutDiffusionEtablissement"] == "N"
    told = {"codeCommuneEtablissement": "12145", "etatAdministratifEtablissement": "A"}
    told |= {"libelleVoieEtablissement": "RUE CACHEE", "enseigne1Etablissement": "CHEZ CACHE"}
    rows = [
        dict.fromkeys(layout, "") | told | {"siret": unit["siren"] + unit["nicSiegeUniteLegale"]}
        for unit in units
    ]
    for row in rows:
        row["statutDiffusionEtablissement"] = "O"
    rows.append(dict.fromkeys(layout, "[ND]") | hidden | told)
    path = tmp_path / "StockEtablissement_utf8.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(layout), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path, hidden["siret"], units


def test_trap_8_who_opposed_diffusion_is_kept_without_name_and_place(shared_data, stock, tmp_path):
    path, siret, known = stock
    unit = dict.fromkeys(known[0], "[ND]") | {"siren": siret[:9], "statutDiffusionUniteLegale": "N"}
    named = {"categorieJuridiqueUniteLegale": "5499", "denominationUniteLegale": "CACHEE"}
    units = tmp_path / "StockUniteLegale_utf8.csv"
    with units.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(known[0]))
        writer.writeheader()
        writer.writerows([*known, unit | named])
    found = load_sirene(path, legal_units=units, geolocation=None, communes=["12145"])
    actors = found.tables["actors"].set_index("siret")
    hidden = actors.loc[siret]
    assert (hidden["name"], hidden["commune_id"]) == (siret, "12145")
    assert not hidden["diffusible"]
    assert hidden[list(HIDDEN)].isna().all()
    told = " ".join(actors.astype("str").fillna("").to_numpy().ravel())
    assert not [word for word in ("[ND]", "CACHE") if word in told]


def test_trap_8_daily_files_name_nobody_who_opposed_diffusion(shared_data, tmp_path):
    path = shared_data / "martinique_972" / "sirene_quotidien_2017_972_pm.csv"
    rows = records(path)
    spoilt = tmp_path / path.name
    with spoilt.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows([row | {"DIFFCOM": "N"} for row in rows])
    known, hidden = (load_sirene_daily(one).tables["actors"] for one in (path, spoilt))
    assert hidden["commune_id"].tolist() == known["commune_id"].tolist()
    assert hidden["name"].tolist() == known["siret"].tolist()
    assert hidden["address"].isna().all()
    assert not hidden["diffusible"].any()


@pytest.mark.parametrize(
    "units",
    ["sirene_v3_sample_unites_legales_OK.csv", "StockUniteLegale_15_lignes_anonymise.parquet"],
)
def test_trap_9_persons_of_the_stock_are_not_named(shared_data, stock, units):
    path, _, known = stock
    names = {unit["nomUniteLegale"] for unit in known} | {"CACHE"}
    assert len(names) == 4
    found = load_sirene(
        path, legal_units=shared_data / "formats" / units, geolocation=None, communes=["12145"]
    )
    actors = found.tables["actors"]
    persons = actors[actors["natural_person"].fillna(value=False).astype("bool")]
    assert len(persons) == 3
    assert persons["name"].tolist() == persons["siret"].tolist()
    assert persons[list(HIDDEN)].isna().all().all()
    told = " ".join(actors.astype("str").fillna("").to_numpy().ravel())
    assert not [name for name in names if name in told]


def test_trap_9_persons_of_the_stock_are_named_on_request(shared_data, stock):
    path, siret, known = stock
    units = shared_data / "formats" / "sirene_v3_sample_unites_legales_OK.csv"
    asked = {"communes": ["12145"], "with_natural_persons": True}
    actors = load_sirene(path, legal_units=units, geolocation=None, **asked).tables["actors"]
    told = " ".join(actors["name"])
    assert all(unit["nomUniteLegale"] in told for unit in known)
    assert siret in told


def test_trap_9_persons_of_the_list_of_the_asp_are_not_named(shared_data):
    path = shared_data / "national" / "siae_asp_2019_07.csv"
    forms = {"Artisan", "Commerçant", "Associé gérant de Société", "Exploitant agricole"}
    rows = {row["SIRET"]: row for row in records(path) if row["NATURE_JURIDIQUE"].strip() in forms}
    assert len(rows) == 4
    actors = load_siae(path).tables["actors"].set_index("siret").loc[list(rows)]
    assert actors["name"].tolist() == list(rows)
    assert actors["address"].isna().all()
    assert actors["natural_person"].all()


def test_trap_9_unions_of_persons_of_the_daily_files_are_not_named(shared_data):
    path = shared_data / "normandie" / "sirene_quotidien_2017_normandie_pm.csv"
    rows = [row for row in records(path) if row["NJ"] in {"2110", "2210", "2310"}]
    assert len(rows) == 8
    names = set(load_sirene_daily(path).tables["actors"]["name"])
    assert not {row["NOMEN_LONG"] for row in rows} & names


# --- 11 to 15 ------------------------------------------------------------------------------------
def test_trap_11_days_that_cannot_be_make_no_year(shared_data, tmp_path):
    path = shared_data / "millau_12" / "sirene_quotidien_2017_12_pm.csv"
    rows = records(path)
    spoilt = tmp_path / "daily.csv"
    years = ["0004", "2218", "3035"]
    with spoilt.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
        writer.writerows(
            {**row, "DATEMAJ": year + row["DATEMAJ"][4:]}
            for row, year in zip(rows, years, strict=False)
        )
    assert load_sirene_daily(spoilt).source["data_year"] == 2017


def test_trap_13_bytes_before_the_first_header(shared_data):
    path = shared_data / "nomenclatures" / "bpe_types.csv"
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    first = raw[3:].split(b"\n", maxsplit=1)[0].decode().replace(";", ",").split(",")[0]
    found = read_rows(path, needed={"type": (first.strip().strip('"').casefold(),)})
    assert found["type"].notna().all()


def test_trap_13_a_file_in_the_old_encoding_says_the_same(shared_data, tmp_path):
    path = shared_data / "millau_12" / "ecoles_12.csv"
    text = path.read_text(encoding="utf-8-sig")
    older = tmp_path / path.name
    older.write_bytes(text.encode("cp1252"))
    found = [load_schools(one).tables["actors"]["name"].tolist() for one in (path, older)]
    assert any("é" in name for name in found[0])
    assert found[0] == found[1]


def test_trap_14_records_with_too_many_cells_are_numbered(shared_data):
    path = shared_data / "autres" / "subventions_associations_idf_2016_17.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.reader(stream))
    broken = [number for number, row in enumerate(lines, start=1) if len(row) > len(lines[0])]
    assert 4_786 in broken
    found = read_rows(path, needed={"siren": ("ndeg_siren",)})
    assert found.attrs["malformed"] == broken
    assert len(found) + len(broken) == len(lines) - 1
    assert not set(found.index) & set(broken)
    # Half of the records lack cells, some in their middle: nobody can tell which, so it is said.
    lacking = [number for number, row in enumerate(lines, start=1) if len(row) < len(lines[0])]
    assert found.attrs["short"] == lacking
    notes = {note.code: note.found for note in Sieve(found, where=path.name).notes}
    assert notes == {
        "sources_malformed": str(len(broken)),
        "sources_short_rows": str(len(lacking)),
    }


def test_trap_14_identifiers_written_as_lists_are_read(shared_data):
    path = shared_data / "national" / "decp_2019_10000.csv"
    rows = records(path)
    listed = [row for row in rows if row["titulaires.1.id"].startswith("['")]
    assert len(listed) > 5_000
    flows = load_decp(path).tables["flows"]
    assert flows["destination"].str.fullmatch(r"siret:\d{14}").all()
    ends = set(flows["destination"])
    named = {f"siret:{row['titulaires.1.id'][2:-2]}" for row in listed}
    assert len(named & ends) > 0.9 * len(named)


def test_trap_15_small_pairs_are_kept_with_their_decimals_and_told(shared_data):
    path = shared_data / "millau_12" / "flux_domicile_travail_2017_agrege.csv"
    found = load_commuting(path, year=2017)
    quantity = found.tables["flows"]["quantity"]
    assert (quantity % 1 != 0).mean() > 0.8
    small = int((quantity < 200).sum())
    told = next(note for note in found.notes if note.code == "sources_shaky_pairs")
    stayed = (found.tables["communes"]["workers_staying"] < 200).sum()
    assert int(told.found) == small + stayed


def test_trap_15_an_empty_count_is_not_zero(shared_data):
    path = shared_data / "autres" / "bpe_codes_zero_perdu.csv"
    rows = [row for row in records(path) if row["id"].isdigit()]
    empty = {f"0{row['id']}" for row in rows if row["cult"] == ""}
    counts = load_bpe(path).tables["counts"]
    told = set(counts.loc[counts["activity"] == "cult", "commune_id"])
    assert not told & empty
