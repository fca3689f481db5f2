"""Our profiles and flows agree in direction with the EAST-CITIES table where both speak.

Measured: profiles 0.962 of 104 pairs of a class and a thing (19 classes of the table are filled
in); flows 0.887 of 106.  Every disagreement stands, with its reason, in
``docs/knowledge/east-cities.md``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.east_cities import compare, of_flows, of_profiles, read_directions
from toolkit.knowledge import read_profiles

pytestmark = pytest.mark.shared

LISTED = Path(__file__).resolve().parents[2] / "docs" / "knowledge" / "east-cities.md"


@pytest.fixture(scope="module")
def theirs(request):
    return read_directions(request.getfixturevalue("shared_data"))


def disagreements(found):
    """Return a line for each thing of a class that has opposite directions."""
    apart = found[~found["agree"]]
    columns = (apart[name] for name in ("activity", "thing", "ours", "theirs"))
    return {
        f"| {activity} | `{thing}` | {ours} | {other} |"
        for activity, thing, ours, other in zip(*columns, strict=True)
    }


def listed(heading):
    """Return the lines of the table under a heading of the list of disagreements."""
    part = LISTED.read_text(encoding="utf-8").partition(f"## {heading}")[2].partition("\n## ")[0]
    lines = (line for line in part.splitlines() if line.startswith("| ") and "`" in line)
    return {"|".join(line.split("|")[:5]) + "|" for line in lines}


@pytest.mark.parametrize(
    "heading,floor", [("Profiles", 0.93), ("Flows", 0.85)], ids=["profiles", "flows"]
)
def test_directions_agree_and_what_does_not_is_listed(theirs, heading, floor):
    ours = of_profiles(read_profiles()) if heading == "Profiles" else of_flows()
    found = compare(theirs, ours)
    assert len(found) > 80
    assert found["agree"].mean() >= floor
    assert disagreements(found) <= listed(heading)
