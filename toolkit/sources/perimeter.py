"""Which communes: by code or name, grouping, département, polygon, or distance from a point.

What is asked is a :class:`Selection`; :func:`select_communes` answers it with the codes of communes
and what a reader should know.  Nothing that is asked for is dropped without a word: a name that is
unknown or borne by several is a fault, a commune on the edge of an area is a note.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from toolkit.sources.areas import by_area, by_distance
from toolkit.sources.geometry_files import read_polygons
from toolkit.sources.groupings import Members, members_of, read_groupings
from toolkit.sources.passage import Passage
from toolkit.sources.reading import lift_arrondissements, listed, suggestions
from toolkit.sources.selection import (
    Answer,
    Chosen,
    Frames,
    Selection,
    bearing,
    commune_asked,
    departement_code,
    departement_of,
    folded_name,
    nearest,
)

if TYPE_CHECKING:
    import geopandas as gpd

FARTHEST_KM: Final = 1_000.0
REQUEST_FAULTS: Final = frozenset(
    {
        "communes_epci_unknown",
        "communes_no_membership",
        "perimeter_name_unknown",
        "perimeter_name_ambiguous",
        "perimeter_name_old",
        "perimeter_epci_unknown",
        "perimeter_epci_ambiguous",
        "perimeter_departement",
        "perimeter_group_unknown",
        "perimeter_group_ambiguous",
        "perimeter_needs",
        "perimeter_share",
        "perimeter_radius",
        "perimeter_point",
        "perimeter_point_elsewhere",
        "perimeter_nothing_inside",
    }
)
"""Faults of the request rather than of the data."""

_EPCI_CODE: Final = re.compile(r"\d{9}")
_KINDS: Final = (
    "communaute de communes",
    "communaute d agglomeration",
    "communaute urbaine",
    "pole d equilibre territorial et rural",
    "cc",
    "ca",
    "cu",
    "petr",
)
_ARTICLES: Final = frozenset({"de", "du", "des", "d", "la", "le", "les", "l"})


def read_frames(selection: Selection) -> tuple[pd.DataFrame | None, gpd.GeoDataFrame | None]:
    """Return the groupings and the polygons of the files that a selection names.

    Raises
    ------
    DataError
        If a file cannot be read.
    CrsError
        If the polygons have no reference system.
    """
    groupings = read_groupings(selection.groups_file) if selection.groups_file else None
    within = selection.within
    area = read_polygons(within, is_wanted=lambda _: True) if within else None
    return groupings, area


def select_communes(selection: Selection, frames: Frames) -> Chosen:
    """Return the communes of a selection.

    The ways of a selection add up.  Names are compared without accents, case and hyphens; those
    that the outlines hold come before those that only the file of populations knows.

    Parameters
    ----------
    selection : Selection
        What is asked for; where it is empty every drawn commune counts.
    frames : Frames
        What the files say.

    Returns
    -------
    Chosen
        Codes, all faults of the request at once, notes.

    Raises
    ------
    CrsError
        If an area is asked for, and the outlines lie in several metric projections.
    """
    answer = Answer(frames)
    if selection.is_empty:
        answer.codes |= set(frames.drawn["commune_id"].dropna())
    _check(selection, answer)
    answer.codes |= {code for word in selection.communes if (code := commune_asked(word, answer))}
    _by_epci(selection, answer)
    _by_departement(selection, answer)
    if frames.groupings is not None and selection.groups_file:
        _by_group(selection, answer)
    if not answer.problems and frames.area is not None and selection.within:
        by_area(selection, answer)
    if not answer.problems and selection.around:
        by_distance(selection, answer)
    return Chosen(frozenset(answer.codes), tuple(answer.problems), tuple(answer.notes))


def _check(selection: Selection, answer: Answer) -> None:
    """Note options that lack the one they go with, and thresholds out of range."""
    pairs = (
        ("--groups", selection.groups_file, "--group", selection.groups),
        ("--within", selection.within, "--share", selection.share is not None),
        ("--around", selection.around, "--radius-km", selection.radius_km is not None),
    )
    for one, has_one, other, has_other in pairs:
        if has_other and not has_one:
            answer.fault("perimeter_needs", found=other, needed=one)
        elif has_one and not has_other and other != "--share":
            answer.fault("perimeter_needs", found=one, needed=other)
    share, radius = selection.share, selection.radius_km
    if share is not None and not 0 < share <= 1:
        answer.fault("perimeter_share", found=f"{share:g}")
    if radius is not None and not 0 < radius <= FARTHEST_KM:
        answer.fault("perimeter_radius", found=f"{radius:g}", most=int(FARTHEST_KM))


# --- groupings --------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """Groupings that may be asked for: names, and communes as far as they are told, by code."""

    names: Mapping[str, str]
    communes: Mapping[str, Collection[str]]
    kind: str


def _memberships(frames: Frames) -> _Groups:
    """Return the intercommunalities: of the file of populations, else of the outlines."""
    has_known = frames.known["epci_id"].notna().any()
    rows = frames.known if has_known else frames.drawn
    rows = rows.dropna(subset=["epci_id", "commune_id"])
    names = rows["epci_name"].fillna("") if "epci_name" in rows else [""] * len(rows)
    grouped = rows.groupby("epci_id")["commune_id"]
    communes = {str(code): frozenset(part) for code, part in grouped}
    return _Groups(dict(zip(rows["epci_id"], names, strict=True)), communes, "epci")


def _by_epci(selection: Selection, answer: Answer) -> None:
    if not selection.epci:
        return
    groups = _memberships(answer.frames)
    for word in _joined(selection.epci, groups.names):
        if not groups.names:
            answer.fault("communes_no_membership", found=word)
        elif word not in groups.names and _EPCI_CODE.fullmatch(word):
            near = suggestions(word, groups.names)
            answer.fault("communes_epci_unknown", found=word, near=near or "–")
        elif code := _group(word, groups, answer=answer):
            _add(groups.communes[code], answer, group=groups.names[code] or code)


def _group(word: str, groups: _Groups, *, answer: Answer) -> str:
    """Return the code of a grouping asked for by code or name; note a fault where it is unsure."""
    names, drawn = groups.names, set(answer.frames.drawn["commune_id"])
    if word in names:
        return word
    near = {code: names[code] for code, own in groups.communes.items() if drawn & set(own)}
    found = _called(word, near) or _called(word, names)
    if len(found) == 1:
        return found[0]
    shown = [f"{code} {names[code]} ({_departements(groups, code)})" for code in found]
    if found:
        choices = "; ".join(shown)
        answer.fault(f"perimeter_{groups.kind}_ambiguous", found=word, choices=choices)
        return ""
    told = nearest(word, near, key=_group_name) or nearest(word, names, key=_group_name)
    answer.fault(f"perimeter_{groups.kind}_unknown", found=word, near=told or "–")
    return ""


def _called(word: str, names: Mapping[str, str]) -> list[str]:
    """Return the codes of the groupings that bear a name in full, else without their kind."""
    return bearing(word, names) or bearing(word, names, key=_group_name)


def _joined(words: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """Return words with those put together again that a comma in a name has set apart."""
    joined: list[str] = []
    for word in words:
        both = f"{joined[-1]}, {word}" if joined else ""
        if both and _called(both, names):
            joined[-1] = both
        else:
            joined.append(word)
    return joined


def _group_name(name: str) -> str:
    """Return the name of a grouping to compare by, without its kind and the articles after it."""
    bare = folded_name(name)
    kind = next((kind for kind in _KINDS if bare.startswith(f"{kind} ")), "")
    words = bare.removeprefix(kind).split()
    while len(words) > 1 and words[0] in _ARTICLES:
        words = words[1:]
    return " ".join(words)


def _departements(groups: _Groups, code: str) -> str:
    return ", ".join(sorted({departement_of(one) for one in groups.communes.get(code, ())})) or "–"


def _add(members: Collection[str], answer: Answer, *, group: str) -> None:
    """Add the communes of a grouping, old codes as the living ones that the outlines hold."""
    drawn = set(answer.frames.drawn["commune_id"])
    living = {code: _living(code, drawn, passage=answer.frames.passage) for code in sorted(members)}
    answer.codes |= {code for codes in living.values() for code in codes}
    moved = [f"{old} → {' + '.join(new)}" for old, new in living.items() if new != (old,)]
    if moved:
        answer.note("perimeter_old_members", found=len(moved), group=group, examples=listed(moved))


def _living(code: str, drawn: Collection[str], *, passage: Passage | None) -> tuple[str, ...]:
    """Return the drawn communes that a code has become; itself where they are not all drawn."""
    if code in drawn:
        return (code,)
    ways = [tuple(lift_arrondissements(pd.Series([code], dtype="str")))]
    if passage and code in passage.living:
        ways.append((passage.living[code],))
    elif passage and code in passage.split:
        ways.append(passage.split[code])
    return next((way for way in ways if set(way) <= set(drawn)), (code,))


def _by_group(selection: Selection, answer: Answer) -> None:
    """Add the communes of groupings of a file, those of their member groupings included."""
    rows, path = answer.frames.groupings, selection.groups_file
    if rows is None or path is None:
        return
    names = dict(zip(rows["group_id"], rows["group_name"], strict=True))
    words = _joined(selection.groups, names)
    wanted = {code for word in words for code in (word, *_called(word, names))}
    siren = answer.frames.known.dropna(subset=["siren"])
    communes = dict(zip(siren["siren"], siren["commune_id"], strict=True))
    others = _memberships(answer.frames).communes
    followed = {
        code: members_of(code, rows, communes=communes, groups=others)
        for code in sorted(wanted & set(names))
    }
    told = {code: members.communes for code, members in followed.items()}
    lines = rows.attrs.get("unsaid", [])
    if lines:
        answer.note("perimeter_unsaid", found=len(lines), where=path.name, examples=listed(lines))
    for word in words:
        code = _group(word, _Groups(names, told, "group"), answer=answer)
        if code:
            _tell_members(followed[code], names, answer=answer, code=code, where=path.name)
            _add(told[code], answer, group=names[code])


def _tell_members(
    members: Members, names: Mapping[str, str], *, answer: Answer, code: str, where: str
) -> None:
    """Note a grouping in a circle, and members that could not be followed to their communes."""
    group = names[code]
    if members.cycle:
        cycle = " → ".join(names.get(one, one) for one in members.cycle)
        answer.fault("perimeter_group_cycle", found=group, where=where, cycle=cycle)
    for siren, name in sorted(members.unknown.items()):
        answer.fault("perimeter_member_unknown", found=siren, where=where, name=name, group=group)
    shown = listed(f"{siren} {name}" for siren, name in sorted(members.left_out.items()))
    if shown:
        count = len(members.left_out)
        answer.note("perimeter_no_communes", found=count, where=where, group=group, examples=shown)


# --- départements -----------------------------------------------------------------------------
def _by_departement(selection: Selection, answer: Answer) -> None:
    """Add the communes of départements, those without an outline too, so that they are told."""
    drawn, known = answer.frames.drawn["commune_id"], answer.frames.known["commune_id"]
    every = {*drawn.dropna(), *known.dropna()}
    choices = sorted({departement_of(code) for code in drawn.dropna()})
    for word in selection.departements:
        wanted = departement_code(word)
        if wanted in choices:
            own = {code for code in every if departement_of(code) == wanted}
            _add(own, answer, group=wanted)
        else:
            answer.fault("perimeter_departement", found=word, choices=", ".join(choices))
