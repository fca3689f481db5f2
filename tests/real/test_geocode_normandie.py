"""Real addresses of a département, placed by a service that knows what was published of them.

The list of 2019 has addresses and no points; that of 2021 has the points and scores that the
public service gave.  The service on this machine answers from the second what is asked of the
first.
"""

from __future__ import annotations

import csv
import re

import pytest

from tests.geocoding_server import found, running
from toolkit import cli
from toolkit.nomenclature import fold
from toolkit.sources.geocoder import Geocoder
from toolkit.workspace import Workspace

pytestmark = [pytest.mark.shared, pytest.mark.enable_socket]


def bare(words: str) -> str:
    return re.sub(r"\W+", " ", fold(words)).strip()


@pytest.fixture(scope="module")
def published(shared_data):
    """Return the rows of the geocoded list by their address, written plainly."""
    path = shared_data / "normandie" / "siae_geocodees_2021_02.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["geocoding_score"]]
    return {bare(f"{row['address']} {row['post_code']}"): row for row in rows}


@pytest.fixture(scope="module")
def folder(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("geocoding") / "calvados"
    normandie = shared_data / "normandie"
    outlines = ["--from-file", str(normandie / "communes_14_cog2018.geojson")]
    assert cli.main(["new", str(folder), *outlines, "--cog-year", "2018", "--lang", "fr"]) == 0
    siae = str(normandie / "siae_asp_2019_07.csv")
    assert cli.main(["fetch", str(folder), siae, "--lang", "fr"]) == 0
    return folder


def test_real_addresses_are_sent_plainly_and_placed_where_they_were_published(
    folder, published, tmp_path, monkeypatch
):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    workspace = Workspace(folder)
    before = workspace.tables()["actors"].set_index("actor_id")
    codes = before["commune_id"].unique()
    asked = []

    def known(words, code):
        assert not code or code in codes
        asked.append(words)
        row = next((row for key, row in published.items() if bare(words).startswith(key)), None)
        if row is None:
            return None
        place = {"longitude": row["longitude"], "latitude": row["latitude"]}
        return found(code, score=float(row["geocoding_score"]), **place)

    with running() as service:
        service.known = known
        geocoder = Geocoder(tmp_path / "cache", service.base, loopback=True)
        report = workspace.geocode(geocoder)
        wire = b"".join(service.bodies).decode()
    after = workspace.tables()["actors"].set_index("actor_id")
    assert (before["located_by"] == "commune").sum() == len(before)
    placed = report.outcomes[report.outcomes["outcome"] == "placed"]
    assert len(placed) > 0.3 * len(before)
    assert set(after.index[after["located_by"] == "address"]) == set(placed.index)
    for actor_id, row in placed.iterrows():
        assert after.loc[actor_id].geometry.x == pytest.approx(row["longitude"])
        assert row["score"] >= 0.6
    # no name and no SIRET is on the wire; each address says its postcode once
    for actor in before.itertuples():
        assert str(actor.siret) not in wire
        assert str(actor.name) not in wire
    assert all(len(re.findall(r"\b\d{5}\b", words)) == 1 for words in asked)
    assert "CEDEX" not in wire
    assert len(Workspace(folder).territory().actors) == len(before)
