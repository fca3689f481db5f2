"""Sources asked for by name: groups of files, files by place, and what is missing of them."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.serving import serving
from tests.unit.sources.test_sirene_stock import CLUB, COMPANY, SHOP, establishment
from toolkit.errors import DataError, UsageError
from toolkit.language import problem_text
from toolkit.settings import LANGUAGES
from toolkit.sources import registry
from toolkit.sources.catalogue import BY_NAME, Context
from toolkit.sources.download import Downloader
from toolkit.sources.fetching import Means, fetch, offers
from toolkit.sources.overpass import query_of
from toolkit.sources.places import Area, wanted_of
from toolkit.sources.registry import Entry

pytestmark = pytest.mark.enable_socket

HERE = Context(communes=frozenset({"01001"}))
AREA = Area(frozenset({"01001", "2A004"}), frozenset({"200000001"}), (44.0, 3.0, 44.2, 3.25))
POINTS = "siret;x;y;qualite_xy;epsg;y_latitude;x_longitude\n" + f"{SHOP};0;0;11;2154;45.9;5.2\n"
FAMILIES = f"SIREN,Famille juridique\n{CLUB[:9]},Association\n"


def rows_of(*rows):
    return "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)]) + "\n"


STOCK = rows_of(establishment(SHOP), establishment(CLUB))
UNITS = rows_of(
    *(
        {
            "siren": siren,
            "statutDiffusionUniteLegale": "O",
            "etatAdministratifUniteLegale": "A",
            "denominationUniteLegale": name,
            "categorieJuridiqueUniteLegale": form,
        }
        for siren, name, form in ((COMPANY, "SCIERIE", "5710"), (CLUB[:9], "LE CLUB", "9220"))
    )
)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server():
    with serving() as made:
        for path, body in {
            "/stock.csv": STOCK,
            "/units.csv": UNITS,
            "/points.csv": POINTS,
            "/ess.csv": FAMILIES,
        }.items():
            made.scripts[path] = giving(body)
        yield made


@pytest.fixture
def means(tmp_path):
    return Means(Downloader(tmp_path / "cache", loopback=True, wait=lambda _: None), AREA)


@pytest.fixture
def known(server):
    """Return a registry whose addresses are those of the server."""

    def entry(name, kind, path, **cells):
        given = {"title": f"Titre {name}", "producer": "P", "licence": "L", "file": f"{name}.csv"}
        return Entry(name, kind, address=server.address + path, **{**given, **cells})

    entries = [
        entry("sirene", "sirene", "/stock.csv", beside=("units", "points", "ess")),
        entry("units", "sirene-units", "/units.csv"),
        entry("points", "sirene-places", "/points.csv"),
        entry("ess", "ess-list", "/ess.csv"),
        entry("services", "france-services", "/services?dep={department}"),
        entry("flows", "commuting", "/flows.zip", file="flows.zip", data_year=2022),
        entry("outlines", "outlines", "/outlines"),
    ]
    return {one.name: one for one in entries}


def giving(body, **headers):
    raw = body.encode() if isinstance(body, str) else body
    return lambda to, _turn: to.give(raw, **headers)


def refusing(to, _turn):
    to.give(status=404)


def codes(problems):
    for problem in problems:
        for lang in LANGUAGES:
            assert problem_text(problem, lang=lang)
    return [problem.code for problem in problems]


# --- groups -------------------------------------------------------------------------------------
def test_one_name_downloads_a_group_and_reads_it_together(server, known, means):
    told = []
    means = replace(means, progress=lambda name, done, whole: told.append((name, done, whole)))
    fetched = fetch(["sirene"], registry=known, means=means, known=HERE)
    assert fetched.missing == ()
    (extract,) = fetched.extracts
    actors = extract.tables["actors"].set_index("siret")
    assert actors.loc[CLUB, ["name", "family", "ess"]].tolist() == ["LE CLUB", "ess", True]
    assert actors.loc[SHOP, "latitude"] == 45.9
    sources = extract.sources
    assert sources["title"].tolist() == [f"Titre {name}" for name in known][:4]
    assert sources["retrieved_at"].notna().all()
    assert [path for path, _ in server.asked] == [
        "/stock.csv",
        "/units.csv",
        "/points.csv",
        "/ess.csv",
    ]
    assert ("sirene", len(STOCK), len(STOCK)) in told
    assert {name for name, _, _ in told} == {"sirene", "units", "points", "ess"}


def test_the_page_of_a_source_is_named_where_its_address_has_moved(server, known, means):
    entries = {"units": replace(known["ess"], name="units", page="https://example.org/page")}
    entries["sirene"] = replace(known["sirene"], beside=("units",))
    server.scripts["/ess.csv"] = refusing
    fetched = fetch(["sirene"], registry=entries, means=means, known=HERE)
    assert codes(fetched.missing) == [
        "download_refused",
        "registry_page",
        "sources_beside_missing",
    ]
    assert fetched.missing[1].found == "https://example.org/page"


@pytest.mark.parametrize("lost", ["units", "points", "ess"])
def test_a_file_of_a_group_that_fails_leaves_the_others_and_is_told(server, known, means, lost):
    server.scripts[f"/{lost}.csv"] = refusing
    fetched = fetch(["sirene"], registry=known, means=means, known=HERE)
    (extract,) = fetched.extracts
    assert len(extract.tables["actors"]) == 2
    assert codes(fetched.missing) == ["download_refused", "sources_beside_missing"]
    assert fetched.missing[1].found == f"Titre {lost}"
    assert len(extract.sources) == 3


def test_a_file_of_a_group_that_cannot_be_read_leaves_the_others(server, known, means):
    server.scripts["/ess.csv"] = giving("nom\nx\n")
    fetched = fetch(["sirene"], registry=known, means=means, known=HERE)
    assert len(fetched.extracts[0].sources) == 3
    assert codes(fetched.missing) == ["sources_column_missing"]
    assert fetched.missing[0].where == "ess.csv"


def test_without_the_first_file_the_others_are_not_even_asked_for(server, known, means):
    server.scripts["/stock.csv"] = refusing
    with pytest.raises(DataError) as caught:
        fetch(["sirene"], registry=known, means=means, known=HERE)
    assert codes(caught.value.problem_list) == ["download_refused"]
    assert len(server.asked) == 1


def test_what_says_nothing_alone_is_refused_before_it_is_downloaded(server, known, means):
    with pytest.raises(UsageError) as caught:
        fetch(["units", "outlines"], registry=known, means=means, known=HERE)
    assert codes(caught.value.problem_list) == ["registry_needs", "registry_reference"]
    assert server.asked == []


def test_what_says_more_is_read_beside_a_file_at_hand(server, known, means, tmp_path):
    own = tmp_path / "StockEtablissement.csv"
    own.write_text(STOCK, encoding="utf-8")
    fetched = fetch([str(own), "units"], registry=known, means=means, known=HERE)
    (extract,) = fetched.extracts
    assert extract.tables["actors"]["name"].tolist() == ["SCIERIE", "LE CLUB"]
    assert extract.sources["title"].tolist()[1] == "Titre units"
    assert [path for path, _ in server.asked] == ["/units.csv"]


def test_a_list_asked_for_beside_the_group_is_read_with_it(server, known, means):
    alone = {**known, "sirene": replace(known["sirene"], beside=())}
    fetched = fetch(["ess", "sirene"], registry=alone, means=means, known=HERE)
    assert len(fetched.extracts) == 1
    assert len(fetched.extracts[0].sources) == 2


def test_offline_says_of_each_file_that_it_is_missing(known, means):
    offline = replace(means, downloader=replace(means.downloader, offline=True))
    with pytest.raises(DataError) as caught:
        fetch(["sirene", "flows"], registry=known, means=offline, known=HERE)
    assert codes(caught.value.problem_list) == ["download_offline"] * 2


def test_a_zip_is_downloaded_and_read(server, known, means):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("flux.csv", "CODGEO;DCLT;NBFLUX_C22_ACTOCC15P\n01001;01002;3,5\n")
        archive.writestr("meta_flux.csv", "COD_VAR\n")
    server.scripts["/flows.zip"] = giving(packed.getvalue())
    (extract,) = fetch(["flows"], registry=known, means=means, known=HERE).extracts
    assert extract.tables["flows"]["quantity"].tolist() == [3.5]
    assert extract.source["title"] == "Titre flows"


def test_what_is_read_by_known_actors_comes_after_them(server, known, means):
    other = "73282932000074"
    server.scripts["/contracts.csv"] = giving(
        "acheteur_id,uid,montant,titulaire_id,dateNotification\n"
        f"{SHOP},1,1000.5,{CLUB},2025-01-01\n{other},2,2000.5,{other},2025-01-01\n"
    )
    entries = {**known, "contracts": replace(known["ess"], name="contracts", kind="decp")}
    entries["contracts"] = replace(
        entries["contracts"], address=server.address + "/contracts.csv", file="contracts.csv"
    )
    looked = replace(HERE, sirens=frozenset())
    fetched = fetch(["contracts", "sirene"], registry=entries, means=means, known=looked)
    stock, contracts = fetched.extracts
    assert stock.source["title"] == "Titre sirene"
    assert contracts.tables["flows"]["quantity"].tolist() == [1000.5]


# --- places -------------------------------------------------------------------------------------
def services(to, _turn):
    (code,) = parse_qs(urlsplit(to.path).query)["dep"]
    rows = {"01": "1,Relais,01001", "2A": "2,Casa,2A004"}
    to.give(f"id_fs,lib_fs,insee_com\n{rows[code]}\n".encode())


def test_a_file_is_asked_for_each_departement(server, known, means):
    server.scripts["/services"] = services
    fetched = fetch(["services"], registry=known, means=means)
    assert [extract.tables["actors"]["name"].tolist() for extract in fetched.extracts] == [
        ["Relais"],
        ["Casa"],
    ]
    assert [path for path, _ in server.asked] == ["/services?dep=01", "/services?dep=2A"]
    assert len({extract.source["source_id"] for extract in fetched.extracts}) == 2
    assert sorted(path.name for path in means.downloader.folder.glob("*.csv")) == [
        "services-01.csv",
        "services-2A.csv",
    ]


def test_the_file_of_a_place_that_fails_leaves_the_others(server, known, means):
    server.scripts["/services"] = lambda to, turn: (
        refusing(to, turn) if turn == 1 else services(to, turn)
    )
    fetched = fetch(["services"], registry=known, means=means)
    assert len(fetched.extracts) == 1
    assert codes(fetched.missing) == ["download_refused"]
    assert fetched.missing[0].where == "services-01.csv"


def test_a_place_that_the_territory_does_not_tell_is_told(known, means):
    for place in registry.PLACES:
        entry = replace(known["services"], address=f"https://example.org/{{{place}}}")
        with pytest.raises(DataError) as caught:
            fetch(["services"], registry={"services": entry}, means=Means(means.downloader, Area()))
        assert codes(caught.value.problem_list) == ["registry_nowhere"]


@pytest.mark.parametrize(
    "left, asked",
    [
        ("{epci}", ["200000001"]),
        ("{commune}", ["01001", "2A004"]),
        ("{bbox}", ["44.0000,3.0000,44.2000,3.2500"]),
        ("{department}/{epci}", ["01/200000001", "2A/200000001"]),
        ("plain", ["plain"]),
    ],
)
def test_addresses_are_filled_in(left, asked):
    entry = Entry("x", "osm", address=f"https://example.org/{left}", file="x.json")
    wanted = list(wanted_of(entry, entry.address, area=AREA))
    assert [one.address for one in wanted] == [f"https://example.org/{part}" for part in asked]
    assert len({one.name for one in wanted}) == len(asked)
    assert all(one.name.endswith(".json") and "/" not in one.name for one in wanted)


def test_the_map_is_asked_in_its_own_words(server, means):
    entry = Entry("osm", "osm", address=server.address + "/api?data={osm}", file="osm.json")
    answer = {"elements": [{"type": "node", "id": 1, "lat": 44.1, "lon": 3.1, "tags": {
        "amenity": "library", "name": "Le Livre"}}]}  # fmt: skip
    server.scripts["/api"] = giving(json.dumps(answer))
    (extract,) = fetch(["osm"], registry={"osm": entry}, means=means).extracts
    assert extract.tables["actors"]["name"].tolist() == ["Le Livre"]
    (asked,) = parse_qs(urlsplit(server.asked[0][0]).query)["data"]
    assert asked == query_of("44.0000,3.0000,44.2000,3.2500")
    assert asked.count("(") == asked.count(")")
    assert '["leisure"="garden"]["garden:type"="community"]' in asked


def test_an_answer_cut_short_by_a_busy_service_is_asked_for_again(server, means):
    entry = Entry("osm", "osm", address=server.address + "/api?data={osm}", file="osm.json")
    busy = {"elements": [], "remark": "runtime error: Query timed out"}
    server.scripts["/api"] = giving(json.dumps(busy))
    for turn in (1, 2):
        (extract,) = fetch(["osm"], registry={"osm": entry}, means=means).extracts
        assert codes(extract.notes) == ["sources_osm_unmeasured"]
        assert len(server.asked) == turn


def test_a_damaged_copy_is_asked_for_again_and_a_strange_one_is_not(server, known, means):
    for body, code, asked in (
        (b"PK\x03\x04", "sources_damaged", 2),
        (None, "sources_column_missing", 1),
    ):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("flux.csv", "a;b\n1;2\n")
        server.scripts["/flows.zip"] = giving(body or packed.getvalue())
        server.asked.clear()
        for _ in range(2):
            with pytest.raises(DataError) as caught:
                fetch(["flows"], registry=known, means=means, known=HERE)
            assert set(codes(caught.value.problem_list)) == {code}
        assert len(server.asked) == asked


def test_an_answer_that_the_service_cut_is_noted(server, known, means):
    server.scripts["/services"] = services
    for most, noted in ((1, True), (2, False)):
        entries = {"services": replace(known["services"], full_rows=most)}
        fetched = fetch(["services"], registry=entries, means=means)
        notes = [note for extract in fetched.extracts for note in extract.notes]
        assert ("sources_cut_short" in codes(notes)) is noted


# --- lists --------------------------------------------------------------------------------------
def test_offers_tell_age_and_size_of_copies_that_are_complete(server, known, means):
    server.scripts["/services"] = services
    fetch(["sirene", "services"], registry=known, means=means, known=HERE)
    (means.downloader.folder / "services-2A.csv").unlink()
    made = {one.entry.name: one for one in offers(known, means.downloader, area=AREA)}
    assert "outlines" not in made
    whole = sum(map(len, (STOCK, UNITS, POINTS, FAMILIES)))
    assert (made["sirene"].age_days, made["sirene"].size) == (0, whole)
    assert (made["ess"].age_days, made["ess"].size) == (0, len(FAMILIES))
    assert [made[name].age_days for name in ("services", "flows")] == [None, None]


def test_every_source_shipped_is_of_a_known_kind_and_reads_with_others():
    entries = registry.read_registry()
    for entry in entries.values():
        assert entry.kind in {*BY_NAME, *registry.REFERENCES}
        assert entry.producer
        assert not entry.page or entry.page.startswith("https://")
        assert entry.fresh_days > 0
        assert entry.size_mb < entry.max_mb
        assert {entries[name].kind for name in entry.beside} <= set(BY_NAME)
        assert set(entry.open_places) <= set(registry.PLACES)
        for wanted in wanted_of(entry, entry.address, area=AREA):
            assert not {"{", "}", " ", "(", '"'} & set(wanted.address)
    assert len(entries["sirene"].beside) == 3
    files = {}
    for entry in entries.values():
        assert files.setdefault(entry.file, entry.address) == entry.address, entry.file


def test_a_territory_puts_its_own_address_in_the_place_of_a_data_set(tmp_path):
    path = tmp_path / "sources.toml"
    path.write_text('[rna]\naddress = "https://example.org/rna_14.csv"\nfile = "rna_14.csv"\n')
    read = registry.read_registry(path)["rna"]
    assert (read.address, read.dataset, read.title) == (
        "https://example.org/rna_14.csv",
        "",
        registry.read_registry()["rna"].title,
    )


def test_places_and_sources_that_do_not_exist_are_told(tmp_path):
    path = tmp_path / "sources.toml"
    path.write_text(
        '[a]\nkind = "siae"\naddress = "https://example.org/{town}/{}"\nbeside = ["z", "rna"]\n'
        '[b]\nkind = "siae"\naddress = "x"\nmelodi = "y"\nbeside = "rna"\n',
        encoding="utf-8",
    )
    with pytest.raises(UsageError) as caught:
        registry.read_registry(path)
    told = [(problem.code, problem.found) for problem in caught.value.problem_list]
    assert codes(caught.value.problem_list)
    assert told == [
        ("registry_key", "b"),
        ("registry_key", "b"),
        ("registry_place", "town"),
        ("registry_place", ""),
        ("registry_beside", "z"),
    ]


def test_the_file_of_a_data_set_is_chosen_by_its_words(server, means, monkeypatch):
    def row(title, day, **cells):
        url = f"https://example.org/structures-et-services/{title}.zip"
        return {"title": title, "url": url, "format": "zip", "last_modified": day} | cells

    page = {
        "resources": [
            row("rna_waldec_20261001", "2026-10-01"),
            row("rna_waldec_20261101", "2026-11-01", format=None),
            row("rna_import_20261101", "2026-11-02"),
            row("rna_waldec_notice", "2026-11-03", format="pdf"),
            "no row",
        ]
    }
    server.scripts["/set"] = giving(json.dumps(page))
    monkeypatch.setattr(registry, "CATALOGUE", server.address + "/set?{dataset}")
    entry = Entry("rna", "rna", dataset="x", format="zip", match="RNA_waldec")
    address = registry.address_of(entry, means.downloader)
    assert address.endswith("rna_waldec_20261101.zip")
    with pytest.raises(DataError) as caught:
        registry.address_of(replace(entry, match="absent"), means.downloader)
    assert codes(caught.value.problem_list) == ["registry_no_file"]


@pytest.mark.parametrize(
    "body, code",
    [
        ("<html>", "download_other_content"),
        ("{", "registry_no_file"),
        ("[]", "registry_no_file"),
        ('{"product": null}', "registry_no_file"),
        ("{}", "registry_no_file"),
    ],
)
def test_a_catalogue_that_is_none_is_told(server, means, monkeypatch, body, code):
    server.scripts["/melodi/DS_BPE"] = giving(body)
    monkeypatch.setattr(registry, "MELODI", server.address + "/melodi/{dataset}")
    with pytest.raises(DataError) as caught:
        registry.address_of(Entry("bpe", "bpe", melodi="DS_BPE"), means.downloader)
    assert codes(caught.value.problem_list) == [code]


def test_the_newest_french_file_of_melodi_is_taken(server, means, monkeypatch):
    def row(name, day, **cells):
        return {"format": "CSV", "accessURL": f"https://x/{name}", "issued": day} | cells

    page = {
        "product": [
            row("xlsx", "2026-12-01", format="XLSX"),
            row("en", "2026-11-01", language="EN"),
            row("2024", "2025-07-09", language="FR"),
            row("2025", "2026-07-01", language="FR"),
        ]
    }
    server.scripts["/melodi/DS_BPE"] = giving(json.dumps(page))
    monkeypatch.setattr(registry, "MELODI", server.address + "/melodi/{dataset}")
    entry = Entry("bpe", "bpe", melodi="DS_BPE")
    assert registry.address_of(entry, means.downloader) == "https://x/2025"


def test_the_size_of_a_group_is_that_of_all_its_files(known, means):
    sized = {name: replace(entry, size_mb=rank) for rank, (name, entry) in enumerate(known.items())}
    sized["sirene"] = replace(sized["sirene"], size_mb=100)
    made = {one.entry.name: one.size_mb for one in offers(sized, means.downloader, area=AREA)}
    assert (made["sirene"], made["units"]) == (100 + 1 + 2 + 3, 1)
    unknown = {**sized, "ess": replace(sized["ess"], size_mb=0)}
    made = {one.entry.name: one.size_mb for one in offers(unknown, means.downloader, area=AREA)}
    assert made["sirene"] == 0


def test_a_long_question_is_not_shown_in_a_message(server, means):
    entry = Entry("osm", "osm", address=server.address + "/api?data={osm}", file="osm.json")
    server.scripts["/api"] = refusing
    with pytest.raises(DataError) as caught:
        fetch(["osm"], registry={"osm": entry}, means=means)
    assert caught.value.problem_list[0].params["address"] == server.address + "/api?…"
