"""National files read for a perimeter: the territory is the same as if they were read whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from toolkit import vocabulary as v
from toolkit.sources import fetching, walking
from toolkit.sources.assemble import assemble
from toolkit.sources.catalogue import Context, load_files
from toolkit.sources.download import Downloader
from toolkit.sources.extract import Extract
from toolkit.sources.passage import Passage
from toolkit.sources.registry import Entry

COMMUNES = {"01001": "Alpha", "69123": "Lyon"}
PASSAGE = Passage({"01009": "01001", "01001": "01001"}, {"01008": ("01001", "01002")}, 2026)
HERE, BESIDE, BUYER, FAR = (
    "73282932000074",
    "55208131766522",
    "21750001600019",
    "13000548100010",
)
RNA = (
    "id;siret;titre;objet_social1;adrs_codeinsee;adrs_codepostal;adrs_libcommune;position;maj_time"
)
PAIRS = "COMMUNE;DCLT;DCFLT;actifs"
DECP = "uid,nature,objet,montant,dateNotification,acheteur_id,titulaire_id,idAccordCadre"
PLACES = st.sampled_from(["01001", "1001", "01009", "01008", "01002", "69383", "75101", "", "_"])
SIRETS = st.sampled_from([HERE, BESIDE, BUYER, FAR, "", "12", f"['{HERE}']"])


def rows_of(*cells: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[str, ...]]]:
    return st.lists(st.tuples(*cells), min_size=1, max_size=14)


RNA_ROWS = rows_of(
    st.sampled_from(["W1", "W2", "W3", "W4", ""]),
    SIRETS,
    st.sampled_from(["Club", ""]),
    st.sampled_from(["006", "_"]),
    PLACES,
    st.sampled_from(["01000", "1000", "69003", "75001", ""]),
    st.sampled_from(["ALPHA", "LYON", "Paris", ""]),
    st.sampled_from(["A", "A", "A", "D"]),
    st.sampled_from(["2019-01-01", "2024-05-06", ""]),
)
PAIR_ROWS = rows_of(
    PLACES, PLACES, st.sampled_from(["", "99999", "BE000"]), st.sampled_from(["2", "5,5", "0", "x"])
)
DECP_ROWS = rows_of(
    st.sampled_from(["1", "2", "3", ""]),
    st.sampled_from(["Marché", "Marché subséquent", "Accord-cadre"]),
    st.sampled_from(["Sel", '"Deux\nlignes"']),
    st.sampled_from(["10.5", "20", "20.0", "1", ""]),
    st.sampled_from(["2021-05-01", "2022-01-01"]),
    SIRETS,
    SIRETS,
    st.sampled_from(["", "9"]),
)


@dataclass(frozen=True)
class Case:
    name: str
    header: str
    rows: st.SearchStrategy[list[tuple[str, ...]]]

    @property
    def separator(self) -> str:
        return "," if "," in self.header else ";"


CASES = (
    Case("rna", RNA, RNA_ROWS),
    Case("commuting", PAIRS, PAIR_ROWS),
    Case("decp", DECP, DECP_ROWS),
)
WHOLE = Context(year=2022)
NEAR = replace(
    WHOLE,
    communes=frozenset(COMMUNES),
    passage=PASSAGE,
    sirens=frozenset({HERE[:9], BESIDE[:9]}),
)


def perimeter() -> Extract:
    rows = gpd.GeoDataFrame(
        {"commune_id": list(COMMUNES), "name": list(COMMUNES.values())},
        geometry=[box(5, 46, 5.1, 46.1), box(4.8, 45.7, 4.9, 45.8)],
        crs="EPSG:4326",
    )
    return Extract({v.COMMUNES: rows}, {"source_id": None}, {}, ())


ACTORS = pd.DataFrame(
    {
        "actor_id": ["a", "siret:" + BESIDE],
        "siren": [HERE[:9], BESIDE[:9]],
        "siret": [HERE, BESIDE],
    },
    dtype="str",
)


def territory(extract: Extract) -> dict[str, object]:
    found = assemble(perimeter(), [extract], passage=PASSAGE, known=ACTORS)
    told: dict[str, object] = {}
    for name in (v.COMMUNES, v.ACTORS, v.FLOWS):
        table = found.tables[name].drop(columns="geometry", errors="ignore")
        rows = table.astype("object").where(table.notna(), None).to_dict("records")
        # A column that no row fills need not be there.
        filled = [{key: cell for key, cell in row.items() if cell is not None} for row in rows]
        told[name] = sorted(filled, key=repr)
    return told


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("near")


@settings(deadline=None, max_examples=20)
@given(data=st.data(), size=st.sampled_from([1, 2, 3, 1_000]))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_read_for_a_perimeter_gives_the_territory_of_the_whole(folder, case, data, size):
    path = folder / f"{case.name}.csv"
    lines = [case.separator.join(row) for row in data.draw(case.rows)]
    path.write_text("\n".join([case.header, *lines, ""]), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walking, "BATCH", size)
        (whole,) = load_files([path], kind=case.name, known=WHOLE)
        (near,) = load_files([path], kind=case.name, known=NEAR)
    assert territory(near) == territory(whole)
    assert near.counts["read"] == whole.counts["read"] == near.source["rows"]


def write(folder, name: str, *lines: str):
    path = folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_only_rows_near_the_perimeter_are_kept_and_the_others_counted(tmp_path):
    path = write(
        tmp_path,
        "rna.csv",
        RNA,
        "W1;;Here;006;01001;01000;ALPHA;A;2024-01-01",
        "W2;;Merged;006;01009;01000;ALPHA;A;2024-01-01",
        "W3;;Far;006;75101;75001;PARIS;A;2024-01-01",
        "W4;;By post;006;;01000;ALPHA;A;2024-01-01",
        "W5;;Far by post;006;;75001;PARIS;A;2024-01-01",
        "W6;;Nowhere;006;;;;A;2024-01-01",
        "W1;;Gone away;006;75101;75001;PARIS;A;2025-01-01",
        "W7;;Closed;006;01001;01000;ALPHA;D;2024-01-01",
    )
    (found,) = load_files([path], kind="rna", known=NEAR)
    assert found.tables["actors"]["name"].tolist() == ["Merged", "By post", "Gone away"]
    counts = {name: found.counts[name] for name in ("read", "elsewhere", "rna_nowhere")}
    assert counts == {"read": 8, "elsewhere": 2, "rna_nowhere": 1}
    assert found.counts["rna_inactive"] == found.counts["rna_states"] == 1


def test_a_file_of_another_departement_still_has_rows_and_none_inside(tmp_path):
    path = write(tmp_path, "rna.csv", RNA, "W3;;Far;006;75101;75001;PARIS;A;2024-01-01")
    (extract,) = load_files([path], kind="rna", known=NEAR)
    found = assemble(perimeter(), [extract], passage=PASSAGE)
    assert found.counts.to_dict("records") == [
        {"source_id": "rna:rna", "table": "actors", "given": 1, "inside": 0, "outside": 1}
    ]


def test_contracts_are_read_for_the_actors_of_the_other_files(tmp_path):
    contracts = write(
        tmp_path,
        "decp.csv",
        DECP,
        f"1,Marché,Sel,10,2021-05-01,{BUYER},{HERE},",
        f"2,Marché,Sel,10,2021-05-01,{FAR},{BESIDE},",
    )
    clubs = write(tmp_path, "rna.csv", RNA, f"W1;{HERE};Here;006;01001;01000;ALPHA;A;2024-01-01")
    known = replace(NEAR, sirens=frozenset())
    flows, actors = load_files([contracts, clubs], known=known)
    assert list(actors.tables) == [v.ACTORS]
    assert flows.tables[v.FLOWS]["destination"].tolist() == ["siret:" + HERE]
    assert (flows.counts["read"], flows.counts["elsewhere"]) == (2, 1)
    (alone,) = load_files([contracts], known=known)
    assert alone.tables[v.FLOWS].empty


def test_progress_names_the_file(tmp_path):
    path = write(tmp_path, "rna.csv", RNA, "W1;;Here;006;01001;01000;ALPHA;A;2024-01-01")
    told: list[tuple[str, int, int]] = []
    load_files([path], known=Context(progress=lambda *step: told.append(step)))
    assert told == [("rna.csv", path.stat().st_size, path.stat().st_size)]


def test_contracts_at_hand_wait_for_no_download(tmp_path, monkeypatch):
    """Files come first: whom a download will name, nobody knows yet."""
    lines = [f"1,Marché,Sel,10,2021-05-01,{BUYER},{HERE},"]
    contracts = write(tmp_path, "decp.csv", DECP, *lines)
    lines = [f"W1;{HERE};Here;006;01001;01000;ALPHA;A;2024-01-01"]
    clubs = write(tmp_path, "rna.csv", RNA, *lines)
    entries = {
        "clubs": Entry("clubs", kind="rna"),
        "contracts": Entry("contracts", kind="decp"),
    }
    paths = {"clubs": clubs, "contracts": contracts}
    monkeypatch.setattr(
        fetching,
        "copies_of",
        lambda entry, _means, **_: [fetching.Copy(entry, paths[entry.name], None)],
    )
    for words in ([str(contracts), "clubs"], ["contracts", "clubs"]):
        found = fetching.fetch(
            words,
            registry=entries,
            means=fetching.Means(Downloader(tmp_path)),
            known=replace(NEAR, sirens=frozenset()),
        )
        assert found.missing == ()
        flows = [one.tables[v.FLOWS] for one in found.extracts if v.FLOWS in one.tables]
        assert [len(one) for one in flows] == [1], words
