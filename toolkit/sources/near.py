"""Which records of a national file may concern a territory, told while the file is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from toolkit.schema.identifiers import clean_siret
from toolkit.sources.passage import Passage
from toolkit.sources.reading import commune_codes, lift_arrondissements
from toolkit.sources.selection import departement_of
from toolkit.sources.towns import departments
from toolkit.sources.walking import Cut, Test, Told

SIREN_WIDTH: Final = 9


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """The territory that a file is read for.

    A record that does not say where it is may concern it: it is read, and refused and counted
    where it should be.

    Attributes
    ----------
    communes : collection of str
        INSEE codes of the perimeter; none: every record counts.
    passage : Passage, optional
        From old codes of communes to those of the perimeter.
    sirens : frozenset of str, optional
        SIREN of the actors that are known; left out where nobody has looked.
    told : callable, optional
        Told from time to time the bytes that have been read, and those of the whole.
    """

    communes: Collection[str] = frozenset()
    passage: Passage | None = None
    sirens: frozenset[str] | None = None
    told: Told | None = None

    def cut(
        self,
        tests: Mapping[tuple[str, ...], Test],
        *,
        together: tuple[tuple[str, ...], ...] = (),
    ) -> Cut:
        """Return the cut of a file by columns of communes; no cut without a perimeter."""
        if not self.communes:
            return Cut(told=self.told)
        return Cut(tests, together, self.told)

    def cut_by_actors(
        self, columns: Collection[str], *, together: tuple[tuple[str, ...], ...]
    ) -> Cut:
        """Return the cut of a file by columns that hold a SIRET; no cut if no actor was looked for.

        A cell may hold a list of one (``['123...']``).
        """
        if self.sirens is None:
            return Cut(told=self.told)
        tests: dict[tuple[str, ...], Test] = {(column,): self._is_known for column in columns}
        return Cut(tests, together, self.told)

    def departements(self) -> frozenset[str]:
        """Return the codes of the départements of the perimeter."""
        return frozenset(departement_of(code) for code in self.communes)

    def holds(self, codes: pd.Series[str]) -> pd.Series[bool]:
        """Return which codes of communes mean one of the perimeter, or tell no commune.

        As :func:`toolkit.sources.assemble.assemble` does: by the code itself, what it has become,
        and its city.
        """
        found = commune_codes(codes)
        living = self.passage.apply(found) if self.passage else found
        near = found.isna()
        for one in (found, living, lift_arrondissements(found), lift_arrondissements(living)):
            near |= one.isin(self.communes)
        return near

    def holds_by_post(self, codes: pd.Series[str], *, postcode: pd.Series[str]) -> pd.Series[bool]:
        """Return which codes of communes are near; those without code by their département."""
        told = departments(pd.Series(None, index=codes.index, dtype="str"), postcode=postcode)
        elsewhere = told.notna() & ~told.isin(self.departements())
        return self.holds(codes) & ~(commune_codes(codes).isna() & elsewhere)

    def _is_known(self, cells: pd.DataFrame) -> pd.Series[bool]:
        digits = cells.iloc[:, 0].str.replace(r"\D", "", regex=True)
        return digits.str[:SIREN_WIDTH].isin(self.sirens or ())


EVERYWHERE: Final = Near()


def sirens_of(actors: pd.DataFrame) -> frozenset[str]:
    """Return the SIREN of actors that have one, or a SIRET.

    Examples
    --------
    >>> sorted(sirens_of(pd.DataFrame({"siret": ["73282932000074", None], "siren": [None, "1"]})))
    ['1', '732829320']
    """
    named = [actors[name].dropna() for name in ("siren", "siret") if name in actors]
    return frozenset(str(cell)[:SIREN_WIDTH] for cells in named for cell in cells)


def sirets(cells: pd.Series[str]) -> pd.Series[str]:
    """Return the valid SIRET of cells, brackets and quotes of a list of one taken away.

    Examples
    --------
    >>> sirets(pd.Series(["['73282932000074']", "732 829 320 00074", "12"])).tolist()
    ['73282932000074', '73282932000074', nan]
    """
    bare = cells.str.replace(r"^\[\s*['\"]?|['\"]?\s*\]$", "", regex=True)
    checked = [clean_siret(cell)[0] for cell in bare]
    return pd.Series(checked, index=cells.index, dtype="str")
