"""What the EAST-CITIES table says of inputs and outputs of activities, beside our profiles.

The table is read, never copied: it gives for some classes of ISIC rev. 4 levels of energy (input
and output) and chapters of goods (HS) that come in and go out.  A direction of ours disagrees with
it where one of the two has a thing only as an input and the other only as an output.
"""

from __future__ import annotations

import re

import pandas as pd

from toolkit.knowledge.industry import industry
from toolkit.knowledge.profiles import NEED, OFFER
from toolkit.vocabulary import split_list

FILE = "nace_isic_inputs_outputs_EAST-CITIES.xlsx"
FIRST_ROW = 12
ENERGY = {3: "energy.heat", 4: "energy.electricity"}
INPUTS, OUTPUTS = (8, 9), (10, 11, 12)
CHAPTERS = {
    "W": ("water",),
    "23": ("materials.organic.spent_grain",),
    "25": (
        "materials.construction.aggregates",
        "materials.construction.plaster",
        "materials.construction.stone",
        "materials.mineral",
    ),
    "27": ("energy.fuel",),
    "32": ("materials.construction.paint",),
    "39": ("materials.plastic",),
    "54": ("materials.textile",),
    "72": ("materials.metal.steel", "materials.metal.turnings"),
    "73": ("materials.metal.steel", "materials.metal.turnings"),
    "74": ("materials.metal.copper",),
    "76": ("materials.metal.aluminium",),
}
"""Chapters of goods that have categories of ours; the others have none and are left out."""
ACTIVITIES = {
    "1079": ("10.83", "10.84", "10.85", "10.86", "10.89"),
    "1103": ("11.05", "11.06"),
    "2021": ("20.20",),
    "2022": ("20.30",),
    "2030": ("20.60",),
    "2100": ("21.10", "21.20"),
    "2220": ("22.21", "22.22", "22.23", "22.29"),
    "2394": ("23.51", "23.52"),
    "2599": ("25.91", "25.92", "25.93", "25.94", "25.99"),
    "2610": ("26.11", "26.12"),
    "2710": ("27.11", "27.12"),
    "2720": ("27.20",),
    "2750": ("27.51", "27.52"),
    "2812": ("28.12",),
    "2814": ("28.15",),
    "2816": ("28.22",),
    "2829": ("28.93", "28.94", "28.95", "28.96", "28.99"),
    "3320": ("33.20",),
    "3530": ("35.30",),
}
"""Classes of ISIC rev. 4 that the table fills in, as classes of NACE rev. 2."""


def read_directions(folder):
    """Return the side of each thing by class: ``isic``, ``thing`` (category) and ``side``."""
    path = folder / "symbiose" / FILE
    table = pd.read_excel(path, sheet_name=0, header=None, dtype="str", engine="openpyxl")
    rows = []
    for cells in table.iloc[FIRST_ROW:].itertuples(index=False):
        isic = cells[1]
        for column, thing in ENERGY.items():
            rows += [(isic, thing, side) for side in _levels(cells[column])]
        for columns, side in ((INPUTS, NEED), (OUTPUTS, OFFER)):
            for column in columns:
                chapters = re.split(r"\s*;\s*", cells[column]) if _filled(cells[column]) else []
                rows += [(isic, thing, side) for one in chapters for thing in CHAPTERS.get(one, ())]
    return pd.DataFrame(rows, columns=["isic", "thing", "side"]).drop_duplicates(ignore_index=True)


def _filled(cell):
    return isinstance(cell, str) and bool(cell.strip())


def _levels(cell):
    """Return the sides of a level of two figures, input then output; a lost zero is put back."""
    if not _filled(cell):
        return ()
    into, out = cell.strip().zfill(2)[-2:]
    return tuple(side for side, level in ((NEED, into), (OFFER, out)) if level != "0")


def of_profiles(profiles):
    """Return the sides of each category by NACE class, from the profiles."""
    codes = [code for codes in ACTIVITIES.values() for code in codes]
    return profiles.of(codes)[["activity", "category", "side"]]


def of_flows():
    """Return the sides of each category by NACE class, from the table of industrial flows."""
    known = industry()
    rows = []
    for code in (code for codes in ACTIVITIES.values() for code in codes):
        for side, table in ((OFFER, known.offers), (NEED, known.needs)):
            held = {
                flow
                for number, process in enumerate(known.processes)
                if code in split_list("|".join(known.activities[process]))
                for flow in table[number].nonzero()[0]
            }
            held |= {flow for one, flow, _ in known.by_activity[side] if code.startswith(one)}
            rows += [(code, known.flows["category"].iloc[flow], side) for flow in sorted(held)]
    return pd.DataFrame(rows, columns=["activity", "category", "side"]).drop_duplicates()


def compare(theirs, ours):
    """Return the sides of each class and thing of which both speak, and whether they meet."""
    rows = []
    for (isic, thing), held in theirs.groupby(["isic", "thing"]):
        for code in ACTIVITIES.get(isic, ()):
            mine = ours[ours["activity"] == code]
            within = mine["category"].str.startswith(f"{thing}.") | (mine["category"] == thing)
            if within.any():
                sides = sorted(set(mine["side"][within])), sorted(set(held["side"]))
                categories = "|".join(sorted(set(mine["category"][within])))
                rows.append((isic, code, thing, *map("|".join, sides), categories))
    frame = pd.DataFrame(
        rows, columns=["isic", "activity", "thing", "ours", "theirs", "categories"]
    )
    meet = [
        bool({*split_list(one)} & {*split_list(two)})
        for one, two in zip(frame["ours"], frame["theirs"], strict=True)
    ]
    return frame.assign(agree=meet)
