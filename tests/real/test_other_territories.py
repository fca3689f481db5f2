"""National files on territories without outlines beside the project, by the command line alone.

The perimeter is made of squares around the communes that hold a France Services.
"""

from __future__ import annotations

import csv
import json
import re

import pytest

from toolkit import cli
from toolkit.schema.identifiers import is_siret
from toolkit.workspace import Workspace

pytest.importorskip("duckdb")
pytestmark = pytest.mark.shared

FILES = [
    "siae_geocodees_2021_02.csv",
    "siae_asp_2019_07.csv",
    "france_services_20221201.csv",
    "data_inclusion_structures_2023_02.csv",
]
CITIES = {"69": ("69123", "Lyon", 4.84, 45.76), "13": ("13055", "Marseille", 5.4, 43.3)}
PARTS = {"69123": r"6938\d|69123", "13055": r"132\d\d|13055"}
HALF = 0.03


def records(path) -> list[dict[str, str]]:
    text = path.read_text(encoding="utf-8-sig")
    separator = max(",;", key=text.split("\n", maxsplit=1)[0].count)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=separator))


@pytest.fixture(scope="module")
def services(shared_data):
    return records(shared_data / "national" / "france_services_20221201.csv")


@pytest.fixture(scope="module")
def names(shared_data):
    rows = records(shared_data / "national" / "v_commune_2023.csv")
    return {row["COM"]: row["LIBELLE"] for row in rows if row["TYPECOM"] == "COM"}


def outlines(path, communes: dict[str, tuple[str, float, float]]):
    """Write squares around points, with codes as a spreadsheet leaves them."""
    features = []
    for code, (name, x, y) in communes.items():
        corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
        ring = [[x + HALF * east, y + HALF * north] for east, north in corners]
        written = int(code) if code.isdigit() else code
        features.append(
            {
                "type": "Feature",
                "properties": {"code": written, "nom": name},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


@pytest.mark.parametrize("department", ["01", "2A", "13", "57", "69", "974"])
def test_national_files_on_a_departement(
    shared_data, services, names, tmp_path, department, capsys
):
    communes = {
        row["insee_com"]: (names[row["insee_com"]], float(row["longitude"]), float(row["latitude"]))
        for row in services
        if row["insee_com"].startswith(department)
        and row["insee_com"] in names
        and re.fullmatch(r"-?\d+\.\d+", row["longitude"])
    }
    if department in CITIES:
        code, *place = CITIES[department]
        communes[code] = tuple(place)
    folder = tmp_path / "territory"
    path = outlines(tmp_path / "communes.geojson", communes)
    perimeter = ["--from-file", str(path), "--cog-year", "2023"]
    assert cli.main(["new", str(folder), *perimeter, "--lang", "en"]) == 0
    files = [str(shared_data / "national" / name) for name in FILES]
    assert cli.main(["fetch", str(folder), *files, "--lang", "en"]) == 0
    tables = Workspace(folder).tables()
    assert set(tables["communes"]["commune_id"]) == set(communes)
    actors = tables["actors"]
    assert set(actors["commune_id"]) <= set(communes)
    inside = "|".join([*communes, *(PARTS[code] for code in communes if code in PARTS)])
    expected = {f"fs:{row['id_fs']}" for row in services if re.fullmatch(inside, row["insee_com"])}
    assert len(expected) >= 10
    known = set(actors["actor_id"])
    # A service that linkage makes one with its carrier stands under the carrier's id.
    assert len(expected & known) >= 0.9 * len(expected)
    assert not {name for name in known if name.startswith("fs:")} - expected
    by_town = {name.casefold() for name, *_ in communes.values()}
    siae = {
        row["siret"]
        for row in records(shared_data / "national" / FILES[0])
        if row["department"].zfill(2) == department
        and row["city"].casefold() in by_town
        and is_siret(row["siret"])
    }
    assert len(siae) >= 5
    assert siae - set(actors["siret"].dropna()) == set()
    if department in CITIES:
        pattern = rf"{CITIES[department][1]} \d\d"
        of_city = {
            row["SIRET"]
            for row in records(shared_data / "national" / FILES[1])
            if re.fullmatch(pattern, row["LIB_COM"], re.IGNORECASE) and is_siret(row["SIRET"])
        }
        assert len(of_city) >= 20
        assert of_city <= set(actors["siret"].dropna())
    assert tables["resources"]["resource_id"].is_unique
    if department in {"2A", "974"}:
        assert cli.main(["report", str(folder), "--lang", "en"]) == 0
    capsys.readouterr()
