"""Ranking of supplier-accepter pairs in twelve real parks, against rival rankings (aim: MAP 0.25).

Reads ``../shared/data/symbiose``; prints mean average precision and recall at a tenth of the
pairs, with the interval that holds 95 % of the means when places are drawn again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

HOUSE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOUSE))

from tests.real import symbiosis_parks as parks_of  # noqa: E402 - needs the folder of the house
from toolkit.knowledge import read_profiles  # noqa: E402 - as above


def rankings():  # noqa: ANN201 - a table of functions
    """Return the rankings that are compared, by their names."""
    profiles = read_profiles()
    return {
        "random": parks_of.at_random,
        "word similarity": parks_of.words,
        "mimicking by word similarity": parks_of.words_mimicked,
        "mimicking by names": parks_of.names_mimicked,
        "mimicking by names, other years too": parks_of.names_of_other_years,
        "mimicking by codes": parks_of.codes_mimicked,
        "mimicking by processes": parks_of.processes_mimicked,
        "profiles": lambda park: parks_of.profiles_alone(park, profiles),
        "flows": parks_of.square,
        "flows, profiles": lambda park: parks_of.square(park, profiles=profiles),
        "flows, mimicking": lambda park: parks_of.square(park, exchanges=park.elsewhere),
        "all": lambda park: parks_of.square(park, profiles=profiles, exchanges=park.elsewhere),
        "all, sales count as much": lambda park: parks_of.square(
            park, profiles=profiles, exchanges=park.elsewhere, product_share=1.0
        ),
    }


def main() -> None:
    """Print a table for each way to count."""
    folder = HOUSE.parent / "shared" / "data"
    if not folder.is_dir():
        print("the folder of real data is not beside the project")
        return
    ways = {
        "all exchanges, all ordered pairs": ({}, {}),
        "by-products and utilities, all ordered pairs": ({"with_products": False}, {}),
        "all exchanges, suppliers with accepters": ({}, {"article": True}),
        "all exchanges, terms instead of names": ({"with_terms": True}, {}),
        "by-products and utilities, terms instead of names": (
            {"with_products": False, "with_terms": True},
            {},
        ),
        "all exchanges, without names that other places share": ({}, {"without": None}),
    }
    for title, (read, options) in ways.items():
        parks = parks_of.read_parks(folder, **read)
        asked = {"without": parks_of.shared_names(parks)} if "without" in options else options
        print(f"\n{title}")
        print(table(parks, rankings(), options=asked).round(3).to_string())
    parks = parks_of.read_parks(folder)
    held = {name: parks_of.measure(parks, one)["map"] for name, one in rankings().items()}
    print("\nmean average precision by park\n", pd.DataFrame(held).T.round(2).to_string())


def table(parks, compared, *, options) -> pd.DataFrame:  # noqa: ANN001 - parks and functions
    """Return the measures of each ranking."""
    rows = {}
    place = {park.name: park.place for park in parks}
    for name, ranking in compared.items():
        found = parks_of.measure(parks, ranking, **options)
        low, high = parks_of.interval(found["map"], parks)
        unread = ~found.index.map(place).isin(parks_of.READ_PLACES)
        rows[name] = {
            "map": found["map"].mean(),
            "low": low,
            "high": high,
            "map of places never read": found["map"][unread].mean(),
            "recall at a tenth": found["recall"].mean(),
            "pooled": parks_of.pooled(parks, ranking) if not options else float("nan"),
        }
    return pd.DataFrame(rows).T


if __name__ == "__main__":
    main()
