"""CC de Millau Grands Causses, from real public files to its report.

Every expected figure was counted from the files with the csv module alone, apart from this code.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.diagnosis import diagnose
from toolkit.errors import DataError, SchemaError
from toolkit.language import problem_text
from toolkit.report import write_report
from toolkit.settings import Settings
from toolkit.territory import Territory

pytestmark = pytest.mark.shared

ROOT = Path(__file__).resolve().parents[2]


def script(*parts: str):
    """Return a script of the repository as a module."""
    path = ROOT.joinpath(*parts)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


millau = script("tests", "real", "build_millau.py")

POPULATION = {
    "12002": 906,
    "12070": 523,
    "12072": 223,
    "12084": 1552,
    "12086": 321,
    "12145": 21712,
    "12160": 326,
    "12178": 367,
    "12180": 71,
    "12200": 1023,
    "12204": 177,
    "12211": 133,
    "12225": 1595,
    "12293": 134,
}
ESTABLISHMENTS = {
    "30993252300017": ("SERALS", "business"),
    "31757689000220": ("TAQUIPNEU", "business"),
    "40862732100016": ("DE SAUVEBIAU", "business"),
    "40862732100024": ("CENTRE EQUESTRE LE SONNAC (DE SAUVEBIAU)", "business"),
    "48461857400012": ("STE EXPLOITATION EURO7", "business"),
    "49064069500014": ("CROS-GACHE PHILIPPE", "business"),
    "49766966300013": ("CHAMPS DU MONDE", "ess"),
    "50082103800030": ("BUFFALO GRILL (SAS COUPAYJOVI)", "business"),
    "81873719900021": ("MS CASH", "business"),
    "82884877000016": ("IMMODROIT FORMATION (IMMODROIT)", "business"),
    "82895050100019": ("DOMOELEC FERMETURE", "business"),
}
PUPILS = {"primary_school": 2328.0, "lower_secondary": 1481.0, "upper_secondary": 1143.0}


@pytest.fixture(scope="module")
def assembly(shared_data):
    return millau.gather(shared_data)


@pytest.fixture(scope="module")
def territory(assembly):
    return Territory.from_tables(assembly.tables, name=millau.NAME)


@pytest.fixture(scope="module")
def diagnosis(territory):
    return diagnose(territory)


def test_communes_and_inhabitants(territory):
    communes = territory.communes.set_index("commune_id")
    assert communes["population"].to_dict() == POPULATION
    assert territory.population == 29_063
    assert set(communes["epci_id"]) == {"241200567"}
    assert set(communes["cog_year"]) == {2025}
    assert communes.loc["12225", "name"] == "Saint-Georges-de-Luzençon"
    area_km2 = crs.to_metric(territory.communes, territory.zone).area.sum() / 1e6
    assert area_km2 == pytest.approx(514.56, abs=0.01)  # outlines simplified: 170 km² for Millau


def test_commune_without_outline_is_left_out_aloud(assembly):
    noted = {note.code: note.params["examples"] for note in assembly.notes}
    assert noted["sources_left_out"] == "48131 Le Rozier"


def test_actors_by_source(assembly, territory):
    counts = assembly.counts[assembly.counts["table"] == v.ACTORS].set_index("source_id")
    kinds = counts.rename(index=lambda source_id: source_id.split(":")[0])
    assert kinds[["given", "inside"]].to_dict("index") == {
        "sirene": {"given": 49, "inside": 11},
        "siae": {"given": 15, "inside": 2},
        "schools": {"given": 420, "inside": 31},
        "france_services": {"given": 34, "inside": 2},
        "municipalities": {"given": 374, "inside": 14},
    }
    assert len(territory.actors) == 60
    # public: 14 communes, 14 primary schools, 2 France Services, 2 offices of the ministry;
    # civil: the 11 private schools; research: 2 lycées, a collège and its SEGPA.
    families = territory.actors["family"].value_counts().to_dict()
    assert families == {"public": 32, "civil": 11, "business": 10, "research": 4, "ess": 3}


def test_establishments_in_their_last_state(territory):
    actors = territory.actors.dropna(subset=["siret"]).set_index("siret")
    found = actors.loc[sorted(ESTABLISHMENTS), ["name", "family"]]
    assert {siret: tuple(row) for siret, *row in found.itertuples()} == ESTABLISHMENTS
    champs = actors.loc["49766966300013"]
    assert (champs["ess_form"], champs["activity"]) == ("cooperative", "55.30Z")
    assert actors.loc["40862732100016", "legal_form"] == "6598"
    assert "39761892700016" not in actors.index  # closed on those days
    assert "82887057600018" not in actors.index  # lets its own property


def test_work_integration_structures_are_found_by_their_town(territory):
    siae = territory.actors[territory.actors["source_id"].str.startswith("siae:")]
    assert siae[["name", "commune_id", "family"]].to_numpy().tolist() == [
        ["ASSOC TREMPLIN POUR L EMPLOI", "12145", "ess"],
        ["LE JARDIN DU CHAYRAN", "12145", "ess"],
    ]


def test_services_and_pupils(territory):
    resources = territory.resources
    assert resources["category"].value_counts().to_dict() == {
        "services.education.primary_school": 20,
        "services.education.upper_secondary": 4,
        "services.education.lower_secondary": 3,
        "services.daily_life.public_service_point": 2,
        "social.work_integration": 2,
        "services.health.disability": 1,
    }
    pupils = resources.groupby("category")["quantity"].sum()
    for name, count in PUPILS.items():
        assert pupils[f"services.education.{name}"] == count
    counters = resources["category"] == "services.daily_life.public_service_point"
    held = territory.actors.set_index("actor_id").loc[resources.loc[counters, "actor_id"]]
    assert sorted(held["commune_id"]) == ["12200", "12225"]


def test_commuting_adds_up_to_the_file(assembly, territory):
    flows = territory.flows[territory.flows["nature"] == "people"]
    ends = [flows[end] == v.OUTSIDE for end in ("origin", "destination")]
    coming, leaving = ends
    inner = ~coming & ~leaving
    quantity = flows["quantity"]
    assert [int(part.sum()) for part in (inner, leaving, coming)] == [45, 200, 170]
    assert quantity[inner].sum() == pytest.approx(4_312.257)
    assert quantity[leaving].sum() == pytest.approx(2_071.435)
    assert quantity[coming].sum() == pytest.approx(1_889.563)
    staying = territory.communes["workers_staying"].sum()
    assert staying == pytest.approx(14_443.307)
    beyond = 60.0
    assert quantity.sum() + staying + beyond == pytest.approx(22_776.562)
    assert set(flows["year"]) == {2017}
    ledger = assembly.counts[assembly.counts["source_id"].str.startswith("commuting:")]
    assert ledger[["given", "inside", "outside"]].to_numpy().tolist() == [[417, 415, 2]]


def test_no_contract_can_be_tied_to_the_territory_and_that_is_said(assembly, territory):
    ledger = assembly.counts[assembly.counts["source_id"].str.startswith("decp:")]
    assert ledger[["given", "inside", "outside"]].to_numpy().tolist() == [[25, 0, 25]]
    assert not (territory.flows["nature"] == "money").any()
    noted = {note.code: note.found for note in assembly.notes}
    assert noted["sources_amount_framework"] == "8"
    assert noted["sources_amount_repeated"] == "6"
    assert noted["sources_amount_group"] == "3"


def test_every_row_names_a_source_with_its_hash_and_licence(territory):
    sources = territory.sources.set_index("source_id")
    assert len(sources) == 10
    assert sources["licence"].notna().all()
    assert sources["producer"].notna().all()
    assert (sources["sha256"].str.len() == 64).all()
    for name in (v.COMMUNES, v.ACTORS, v.RESOURCES, v.FLOWS):
        rows = territory.table(name)
        assert set(rows["basis"]) == {"recorded"}
        assert set(rows["source_id"]) <= set(sources.index)


def test_nothing_of_contacts_or_persons_is_carried(territory):
    for name in (v.ACTORS, v.RESOURCES, v.FLOWS):
        frame = territory.table(name)
        texts = frame.select_dtypes("str")
        assert not texts.isin(["[ND]"]).to_numpy().any()
        joined = " ".join(texts.fillna("").to_numpy().ravel())
        assert "@" not in joined
        assert "[tel" not in joined
    assert not territory.actors["natural_person"].any()


def test_notes_are_worded_in_both_languages(assembly):
    for note in assembly.notes:
        french, english = (problem_text(note, lang=lang) for lang in ("fr", "en"))
        assert french != english
        assert "{" not in french + english


# --- diagnosis and report ---------------------------------------------------------------------
def test_communes_too_far_from_a_lower_secondary_school(diagnosis, territory):
    settings = Settings()
    offers = territory.resources["category"] == "services.education.lower_secondary"
    holders = territory.resources.loc[offers, "actor_id"]
    schools, communes = territory.locations.loc[holders], territory.locations.loc[list(POPULATION)]
    away_m = np.min(
        [
            np.hypot(communes["x_m"] - row.x_m, communes["y_m"] - row.y_m)
            for row in schools.itertuples()
        ],
        axis=0,
    )
    minutes = away_m / 1000 * settings.detour_factor / settings.speed_km_h * 60
    far = pd.Series(minutes, index=list(POPULATION)) > 20
    people = sum(POPULATION[code] for code in far.index[far])
    assert people > 0
    gaps = diagnosis.gaps.set_index("gap_id")
    gap = gaps.loc["service_access:services.education.lower_secondary"]
    assert gap["people_affected"] == people
    assert gap["expected"] == 29_063


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_report_names_places_actors_sources_and_licences(diagnosis, tmp_path, lang):
    path = write_report(diagnosis, tmp_path / "millau.html", lang=lang)
    page = path.read_text(encoding="utf-8")
    for words in (
        "CC de Millau Grands Causses",
        "Saint-Georges-de-Luzençon",
        "Marcel Aymard",
        "LE JARDIN DU CHAYRAN",
        "Recensement de la population 2017",
        "Répertoire Sirene",
        "INSEE",
        "ANCT",
        "Licence Ouverte 2.0",
    ):
        assert words in page
    assert "Le Rozier" not in page
    assert path.stat().st_size < 2_500_000


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_page_of_the_documentation_is_up_to_date(assembly, territory, lang):
    pages = script("docs", "build", "millau.py")
    written = (ROOT / "docs" / lang / "millau.md").read_text(encoding="utf-8")
    expected = pages.page(assembly, territory, gaps=[], lang=lang)
    parts = [text.split(pages.FINDINGS)[0] for text in (written, expected)]
    assert parts[0] == parts[1], "run `python docs/build/millau.py` and read the pages again"
    assert "1\N{NARROW NO-BREAK SPACE}864" in written or "1,864" in written


# --- it fails when something is wrong ---------------------------------------------------------
@pytest.fixture
def copied(shared_data, tmp_path):
    """Return a copy of the files that can be spoilt."""
    shutil.copytree(shared_data / "millau_12", tmp_path / "millau_12")
    (tmp_path / "national").mkdir()
    name = "geocodes_passage_annuel.csv"
    shutil.copy(shared_data / "national" / name, tmp_path / "national" / name)
    for path in tmp_path.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return tmp_path


def spoil(path: Path, old: str, *, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_member_without_outline_stops_the_recipe(shared_data, monkeypatch):
    monkeypatch.setattr(millau, "LE_ROZIER", "12145")
    with pytest.raises(SchemaError, match="48131 \\(Le Rozier\\)"):
        millau.build(shared_data)


def test_commune_that_loses_its_outline_stops_the_recipe(copied):
    spoil(
        copied / "millau_12" / "communes_12_cog2018.geojson", '"code":"12145"', new='"code":"12999"'
    )
    with pytest.raises(SchemaError, match="12145"):
        millau.build(copied)


@pytest.mark.parametrize(
    "name,column",
    [
        ("ecoles_12.csv", "code_commune"),
        ("flux_domicile_travail_2017_agrege.csv", "DCLT"),
        ("france_services_20221201_12.csv", "insee_com"),
        ("siae_geocodees_2021_02_12.csv", "siret"),
        ("sirene_quotidien_2017_12_pm.csv", "DATEMAJ"),
        ("decp_2019_12.csv", "acheteur.id"),
        ("epci_communes_population_2026_12.csv", "commune_code"),
    ],
)
def test_file_that_loses_a_column_stops_the_recipe(copied, name, column):
    spoil(copied / "millau_12" / name, column, new="autre_chose")
    with pytest.raises(DataError) as caught:
        millau.build(copied)
    assert caught.value.code == "sources_column_missing"
    assert caught.value.problem_list[0].where == name
