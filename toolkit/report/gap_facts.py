"""The gaps of a diagnosis in words: what is missing, how bad, how sure, and on which facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toolkit import nomenclature
from toolkit import vocabulary as v
from toolkit.language import enum_label, has_text, listing, number, percent, table_label, text
from toolkit.privacy import small_count
from toolkit.report.access_facts import SiteWords
from toolkit.report.chain_facts import chain_sentences
from toolkit.report.missing_facts import missing_sentences, panel_words
from toolkit.views.chain_words import lack_label
from toolkit.views.words import (
    COUNTED,
    as_number,
    category_label,
    distance_text,
    folded,
    gap_name,
    gap_title,
    hidden_last,
    name_list,
    place_names,
    quantity_text,
)

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.diagnosis import Diagnosis
    from toolkit.territory import Territory

Facts = dict[str, Any]
SHOWN = 8
"""Facts of the evidence and names of actors spelled out for one gap; the others are counted."""
_KEYS = {
    v.RESOURCES: "resource_id",
    v.NEEDS: "need_id",
    v.FLOWS: "flow_id",
    v.COOPERATIONS: "cooperation_id",
}


def gap_facts(diagnosis: Diagnosis, *, lang: str) -> list[Facts]:
    """Return one dict a gap, in the order of the diagnosis.

    Parameters
    ----------
    diagnosis : Diagnosis
        Already fit for publication: gaps and evidence have a column ``secret``.
    lang : str
        ``fr`` or ``en``.
    """
    writer = _Writer(diagnosis, lang=lang)
    return [
        writer.gap(place, row)
        for place, row in enumerate(diagnosis.gaps.to_dict(orient="records"), start=1)
    ]


class _Writer:
    """Words gaps; holds what is looked up again and again."""

    def __init__(self, diagnosis: Diagnosis, *, lang: str) -> None:
        self.lang = lang
        self.threshold = diagnosis.settings.secrecy_threshold
        self.names = place_names(diagnosis.territory)
        self.rows = row_words(diagnosis.territory, lang=lang)
        for name, words in panel_words(diagnosis, lang=lang).items():
            self.rows[v.PANEL, name] = words
        self.missing = {
            **missing_sentences(diagnosis, lang=lang),
            **chain_sentences(diagnosis, names=self.names, lang=lang),
        }
        sources = diagnosis.territory.table(v.SOURCES)
        self.sources = dict(zip(sources["source_id"], sources["title"], strict=True))
        self.sites = SiteWords(diagnosis, names=self.names, lang=lang)
        self.prices = _best_places(diagnosis.findings.details.get("prices"))
        self.evidence: dict[str, list[dict[Any, Any]]] = {}
        for fact in diagnosis.evidence.to_dict(orient="records"):
            self.evidence.setdefault(str(fact["gap_id"]), []).append(fact)

    def gap(self, place: int, row: Mapping[Any, Any]) -> Facts:
        """Return the facts of one gap."""
        lang = self.lang
        told = self.evidence.get(str(row["gap_id"]), [])
        facts = [fact for _, fact in sorted(map(self._sized_fact, told), key=lambda pair: pair[0])]
        actors = v.split_list(row["actor_ids"])
        sorted_names = sorted((self.names.get(actor, actor) for actor in actors), key=folded)
        names = name_list(hidden_last(sorted_names, lang=lang))
        figures = self._figures(row)
        severity, confidence = float(row["severity"]), float(row["confidence"])
        return {
            "id": str(row["gap_id"]),
            "place": place,
            "kind": row["kind"],
            "kind_label": enum_label("gap", row["kind"], lang=lang),
            "title": gap_title(row, lang=lang),
            "sentence": self._sentence(row, figures),
            "how_sure": self.missing.get(str(row["gap_id"]), ""),
            "one_more": self._one_more(row) or self.sites.one_more(row),
            "category": row["category"] if isinstance(row["category"], str) else "",
            "where": [self.names.get(code, code) for code in v.split_list(row["commune_id"])],
            "severity": round(severity, 4),
            "severity_text": _share(severity, lang=lang),
            "confidence": round(confidence, 4),
            "confidence_text": _share(confidence, lang=lang),
            "order": round(severity * confidence, 6),
            **{name: self._amount(row, value) for name, value in figures.items()},
            "shortfall_value": figures["shortfall"],
            "people": self._people(row["people_affected"]),
            "secret": bool(row["secret"]),
            "basis": enum_label("basis", row["basis"], lang=lang),
            "basis_shares": basis_shares(told, lang=lang),
            "actors": names[:SHOWN],
            "actors_more": max(0, len(names) - SHOWN),
            "actors_text": enumeration(names, shown=SHOWN, lang=lang),
            "evidence": facts[:SHOWN],
            "evidence_more": max(0, len(facts) - SHOWN),
        }

    def _figures(self, row: Mapping[Any, Any]) -> dict[str, float | None]:
        """Return the figures of a gap; none where they would tell of too few people."""
        figures = {name: as_number(row[name]) for name in ("expected", "observed", "shortfall")}
        counted = [figures[name] or 0.0 for name in ("observed", "shortfall")]
        few = any(small_count(count, threshold=self.threshold) for count in counted)
        if row["unit"] == "person" and few:
            return dict.fromkeys(figures)
        return figures

    def _sentence(self, row: Mapping[Any, Any], figures: Mapping[str, float | None]) -> str:
        """Return the gap as a sentence; without figures where they are secret or unknown."""
        key = self._sentence_key(str(row["gap_id"]), kind=str(row["kind"]))
        expected, observed, shortfall = (
            figures[name] for name in ("expected", "observed", "shortfall")
        )
        if expected is None or observed is None or shortfall is None:
            return text(f"{key}.bare", lang=self.lang)
        case = "whole" if observed <= 0 and self._has(f"{key}.whole") else "figures"
        return text(
            f"{key}.{case}",
            lang=self.lang,
            count=max(1, round(shortfall)),
            total=self._bare(self._whole(row, expected)),
            found=self._bare(observed),
            stage=_lack(str(row["gap_id"]), lang=self.lang),
            **{name: self._amount(row, value) for name, value in figures.items()},
        )

    def _one_more(self, row: Mapping[Any, Any]) -> str:
        """Return where one more unit would best serve an unmet need; empty where none would."""
        if row["kind"] != v.UNMET_NEED or row["secret"] or not row["unit"]:
            return ""
        price = self.prices.get((str(row["category"]), _dimension(row["unit"])))
        if price is None:
            return ""
        enough = price["up_to"] >= 1  # unknown where it might tell a confidential size
        case = "chain" if price["steps"] else "direct"
        return text(
            f"report.gaps.one_more.{case}" if enough else f"report.gaps.some_more.{case}",
            lang=self.lang,
            amount=quantity_text(1, price["unit"], lang=self.lang),
            holder=self.names.get(price["place_id"], price["place_id"]),
            taker=self.names.get(price["other_place_id"], price["other_place_id"]),
            distance=distance_text(max(0.0, price["km"]), lang=self.lang),
        )

    def _sentence_key(self, gap_id: str, *, kind: str) -> str:
        """Return under which key the sentences of a gap are, the most particular there is."""
        name = gap_name(gap_id)
        key = f"report.gap.{kind}"
        nature = "related" if name.is_related else name.nature
        particular = (f"{key}_{name.form}_{nature}", f"{key}_{name.form}")
        return next((one for one in particular if self._has(f"{one}.bare")), key)

    def _has(self, key: str) -> bool:
        return any(has_text(f"{key}{end}", lang=self.lang) for end in ("", ".other"))

    def _whole(self, row: Mapping[Any, Any], amount: float) -> float:
        """Return how many ties or establishments there should be as a whole number.

        Other amounts stay as they are.
        """
        is_count = row["kind"] in {v.STRUCTURAL_HOLE, v.MISSING_ACTIVITY}
        return round(amount) if is_count and amount >= 1 else amount

    def _bare(self, amount: float) -> str:
        return number(amount, lang=self.lang)

    def _amount(self, row: Mapping[Any, Any], value: float | None) -> str:
        """Return one of the figures of a gap, with its unit or what it counts."""
        bare = COUNTED.get(str(row["kind"]), "")
        return quantity_text(value, row["unit"], lang=self.lang, bare=bare)

    def _people(self, cell: object) -> str:
        count = as_number(cell)
        if count is None or count <= 0:
            return ""
        if small_count(count, threshold=self.threshold):
            return text("report.fewer_than", lang=self.lang, count=self.threshold)
        return number(round(count), lang=self.lang)

    def _quantity(self, fact: Mapping[Any, Any]) -> str:
        """Return how much a fact is; one without unit counts for one row, but for a territory."""
        if isinstance(fact["unit"], str) and fact["unit"]:
            return quantity_text(fact["quantity"], fact["unit"], lang=self.lang)
        if fact["role"] != v.PANEL:
            return ""
        bare = COUNTED[v.MISSING_ACTIVITY]
        return quantity_text(fact["quantity"], "", lang=self.lang, bare=bare)

    def _sized_fact(self, fact: Mapping[Any, Any]) -> tuple[tuple[Any, ...], Facts]:
        """Return a fact of the evidence in words, after what it is sorted by: size, then name."""
        worded = self._fact(fact)
        size = None if fact["secret"] else as_number(fact["quantity"])
        return (
            v.EVIDENCE_ROLES.index(str(fact["role"])),
            size is None,
            -(size or 0.0),
            folded(worded["what"]),
            folded(worded["who"]),
            str(fact["row_id"]),
        ), worded

    def _fact(self, fact: Mapping[Any, Any]) -> Facts:
        """Return one fact of the evidence in words."""
        lang, table = self.lang, str(fact["table"])
        if fact["secret"]:
            what, who = text("privacy.confidential", lang=lang), ""
        else:
            what, who = self.rows.get((table, str(fact["row_id"])), ("", ""))
            if not what:
                what = self.names.get(str(fact["row_id"]), table_label(table, lang=lang))
        return {
            "role": enum_label("evidence_role", fact["role"], lang=lang),
            "what": what,
            "who": who,
            "quantity": self._quantity(fact),
            "basis": enum_label("basis", fact["basis"], lang=lang),
            "source": self.sources.get(fact["source_id"], ""),
        }


def _dimension(unit: str) -> str:
    """Return what a unit measures."""
    return str(nomenclature.table("units").loc[unit, "dimension"])


def _best_places(prices: pd.DataFrame | None) -> dict[tuple[str, str], dict[Any, Any]]:
    """Return, by category and dimension of the needs, where one more unit best serves one of them.

    That is the holder with the shortest road, before those for whom less than a unit is known to
    arrive.
    """
    if prices is None or prices.empty:
        return {}
    told = prices[(prices["table"] == v.RESOURCES) & (prices["gain"] > 0)]
    told = told.assign(little=~(told["up_to"] >= 1)).sort_values(["little", "km", "row_id"])
    best: dict[tuple[str, str], dict[Any, Any]] = {}
    for price in told.to_dict(orient="records"):
        best.setdefault((price["other_category"], _dimension(price["unit"])), price)
    return best


def _lack(gap_id: str, *, lang: str) -> str:
    """Return what lacks in a broken chain; empty for other gaps."""
    name = gap_name(gap_id)
    return lack_label(name.subject, name.lack, lang=lang) if name.lack else ""


def enumeration(names: Sequence[str], *, shown: int, lang: str) -> str:
    """Return names as a list in a sentence, the last of many counted; without a full stop.

    Examples
    --------
    >>> enumeration(["A", "B", "C", "D"], shown=2, lang="fr")
    'A, B et 2 autres'
    """
    more = len(names) - shown
    if more <= 0:
        return listing(list(names), lang=lang)
    first = ", ".join(names[:shown])
    return text("report.and_more", lang=lang, count=more, names=first)


def _share(share: float, *, lang: str) -> str:
    """Return a share in per cent, with a decimal where it would else read 0 % or 100 %."""
    smallest, surest = 0.01, 0.999
    if 1 - smallest < share < 1:
        return percent(min(share, surest), lang=lang, digits=1)
    return percent(share, lang=lang, digits=1 if 0 < share < smallest else 0)


def row_words(territory: Territory, *, lang: str) -> dict[tuple[str, str], tuple[str, str]]:
    """Return, by table and id, what a row is about and whose it is."""
    names = {**place_names(territory), v.OUTSIDE: text("map.outside", lang=lang)}
    made: dict[tuple[str, str], tuple[str, str]] = {}
    for table, key in _KEYS.items():
        for row in territory.table(table).to_dict(orient="records"):
            made[table, str(row[key])] = (_what(row, lang=lang), _whose(row, names))
    return made


def _what(row: Mapping[Any, Any], *, lang: str) -> str:
    for cell in (row.get("label"), row.get("name")):
        if isinstance(cell, str) and cell:
            return cell
    if isinstance(row.get("category"), str):
        return category_label(row["category"], lang=lang)
    return enum_label("nature", row.get("nature"), lang=lang)


def _whose(row: Mapping[Any, Any], names: Mapping[str, str]) -> str:
    """Return who holds, needs or exchanges what a row says."""
    if "origin" in row:
        return " → ".join(
            names.get(str(row[end]), str(row[end])) for end in ("origin", "destination")
        )
    for end in ("actor_id", "commune_id"):
        if isinstance(row.get(end), str):
            return names.get(row[end], row[end])
    return ""


def basis_shares(facts: list[dict[Any, Any]], *, lang: str) -> list[Facts]:
    """Return the share of facts that are observed, recorded, estimated."""
    total = len(facts) or 1
    counts = {basis: sum(fact["basis"] == basis for fact in facts) for basis in v.BASIS}
    return [
        {
            "code": basis,
            "label": text(f"report.basis.{basis}", lang=lang),
            "share": round(count / total, 4),
            "text": percent(count / total, lang=lang),
        }
        for basis, count in counts.items()
    ]
