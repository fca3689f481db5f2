"""Groupings of any kind (PETR, syndicats, zones d'emploi): one line a grouping and a member.

A member is a commune, by its INSEE code or its SIREN, or another grouping, by its SIREN; then the
members of that one count.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from toolkit.errors import DataError, Problem
from toolkit.sources import populations
from toolkit.sources.reading import commune_codes
from toolkit.sources.sheets import read_table

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: Final = ("group_id", "group_name", "commune_id", "member_siren", "member_name")
_AREA: Final = "geographique de l'aire d'attraction des villes 2020"
_ZONE_CODE: Final = ("codze2020", "ze2020", "code_bassin_emploi", "aav2020", f"code {_AREA}")
_ZONE_NAME: Final = ("libze2020", "libaav2020", f"libelle {_AREA}")
"""Zones that communes make up (employment, attraction of towns): no bodies, but perimeters."""
GROUP_CODE: Final = (
    "group_id",
    "group_code",
    "code_groupement",
    "siren_groupement",
    "groupement_siren",
    "n° siren",
    "no siren",
    "numero siren",
    "petr_code",
    "code_petr",
    "siren_petr",
    *_ZONE_CODE,
    *populations.EPCI,
)
GROUP_NAME: Final = (
    "group_name",
    "nom du groupement",
    "nom_groupement",
    "groupement_nom",
    "groupement",
    "petr_nom",
    "nom_petr",
    "petr",
    *_ZONE_NAME,
    *populations.EPCI_NAME,
)
COMMUNE: Final = (
    "insee_membre",
    "code_insee_membre",
    "n° insee",
    "code geographique de la commune",
    *(name for name in populations.CODE if name != "code"),
)
SIREN: Final = ("siren membre", "siren du membre", "member_siren", "siren_membre", "commune_siren")
MEMBER_NAME: Final = (
    "nom membre",
    "nom du membre",
    "libelle geographique de la commune",
    *populations.NAME,
)
BODIES_WITHOUT_COMMUNES: Final = ("1", "22", "23", "26")
"""First digits of the SIREN of the State, départements, régions and local public bodies."""
_SIREN: Final = r"\d{9}"


@dataclass(slots=True)
class Members:
    """What a grouping is made of, followed down to its communes.

    Attributes
    ----------
    communes : set of str
        INSEE codes as the file gives them.
    left_out : dict of str to str
        Names, by SIREN, of members that have no communes of their own (a département, a chamber).
    unknown : dict of str to str
        Names, by SIREN, of members whose communes no file tells.
    cycle : tuple of str
        Groupings, each a member of the one before, the last one the first again; else empty.
    """

    communes: set[str] = field(default_factory=set)
    left_out: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    cycle: tuple[str, ...] = ()


def read_groupings(path: Path) -> pd.DataFrame:
    """Return the members of the groupings of a file.

    Parameters
    ----------
    path : Path
        Delimited text or .xlsx with a line a grouping and a member: code or name of the grouping,
        INSEE code or SIREN of the member.

    Returns
    -------
    DataFrame
        Columns ``group_id`` (its name where the file has no code), ``group_name``, ``commune_id``
        (missing where the member is a grouping), ``member_siren`` and ``member_name``.

    Raises
    ------
    DataError
        If the file cannot be read, or has no column of the grouping or of the member.
    """
    wanted = {
        "group_id": GROUP_CODE,
        "group_name": GROUP_NAME,
        "commune_id": COMMUNE,
        "member_siren": (*SIREN, "siren"),
        "member_name": MEMBER_NAME,
    }
    rows = read_table(path, needed={"group": (*GROUP_CODE, *GROUP_NAME)}, wanted=wanted)
    # A column `siren` is the grouping's, unless the grouping has a column of its own.
    if rows["member_siren"].equals(rows["group_id"]):
        rows["member_siren"] = rows["member_siren"].mask(rows["group_id"].notna())
    for name in ("group_id", "member_siren"):
        rows[name] = rows[name].str.removesuffix(".0")
    siren = rows["member_siren"].str.replace(r"\s", "", regex=True)
    rows["member_siren"] = siren.where(siren.str.fullmatch(_SIREN).fillna(value=False))
    rows["commune_id"] = commune_codes(rows["commune_id"])
    rows["group_id"] = rows["group_id"].fillna(rows["group_name"])
    rows["group_name"] = rows["group_name"].fillna(rows["group_id"])
    is_said = rows["commune_id"].notna() | rows["member_siren"].notna()
    if not is_said.any():
        choices = ", ".join((*COMMUNE[:3], *SIREN[:3]))
        raise DataError(
            Problem("groupings_no_member", where=path.name, params={"choices": choices})
        )
    found = rows.dropna(subset=["group_id"])[list(COLUMNS)].drop_duplicates()
    found.attrs["unsaid"] = rows.index[~is_said | rows["group_id"].isna()].tolist()
    return found


def members_of(
    group_id: str,
    rows: pd.DataFrame,
    *,
    communes: Mapping[str, str] = MappingProxyType({}),
    groups: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Members:
    """Return the communes of a grouping, those of its member groupings included.

    Parameters
    ----------
    group_id : str
        The grouping.
    rows : DataFrame
        As :func:`read_groupings` returns them.
    communes : Mapping of str to str
        INSEE codes by the SIREN of the commune.
    groups : Mapping of str to collection of str
        Communes of groupings that another file tells, by SIREN; used where `rows` tell nothing.

    Returns
    -------
    Members
        The communes, and the members that could not be followed.
    """
    found = Members()
    own = {str(code): part for code, part in rows.groupby("group_id", sort=False)}
    done: set[str] = set()
    waiting: list[tuple[str, tuple[str, ...]]] = [(group_id, ())]
    while waiting:
        code, path = waiting.pop()
        if code in path:
            found.cycle = found.cycle or (*path[path.index(code) :], code)
        elif code not in done:
            done.add(code)
            for row in own[code].itertuples():
                siren = row.member_siren if isinstance(row.member_siren, str) else ""
                if isinstance(row.commune_id, str):
                    found.communes.add(row.commune_id)
                elif siren in own:
                    waiting.append((siren, (*path, code)))
                elif siren in groups:
                    found.communes |= set(groups[siren])
                elif siren in communes:
                    found.communes.add(communes[siren])
                elif siren:
                    name = row.member_name if isinstance(row.member_name, str) else siren
                    is_other = siren.startswith(BODIES_WITHOUT_COMMUNES)
                    (found.left_out if is_other else found.unknown)[siren] = name
    return found
