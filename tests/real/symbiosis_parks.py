"""Exchanges of twelve real industrial parks: candidates, rival rankings and measures.

Two parks of the file are later years of a third (Kwinana 1990, 2000 and 2005), with the same firms:
what is known elsewhere is always of another place.  Ties count as the mean over their orders.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.linalg import svds

from toolkit import nomenclature
from toolkit.knowledge.industry import industry
from toolkit.knowledge.suggestion import suggest_texts
from toolkit.knowledge.symbiosis import PROFILE_WEIGHT, SITES_WEIGHT, rank_pairs
from toolkit.nomenclature import fold

READ_PLACES = ("Brownsville", "Guitang", "Kwinana", "Nanhai", "TEDA", "Tiexi")
"""Places whose names and errors were read after the first measure, while general faults of the
tables were mended; of the others only the figures were ever looked at."""
SHUFFLES = 20
DRAWS = 2_000
_TOPICS = 60


@dataclass(frozen=True)
class Park:
    """One park: its firms, the pairs that exchange, and what is known of other places."""

    name: str
    place: str
    firms: tuple[str, ...]
    exchanged: frozenset[tuple[str, str]]
    suppliers: frozenset[str]
    accepters: frozenset[str]
    elsewhere: pd.DataFrame
    other_parks: pd.DataFrame

    def table(self):
        return pd.DataFrame({"actor_id": self.firms, "name": self.firms})


def read_parks(folder, *, with_products=True, with_terms=False):
    """Return the parks.

    Without products only exchanges of by-products and utilities count; with terms a firm bears the
    term that the makers of the file chose for its activity, where they chose one.
    """
    rows = pd.read_csv(folder / "symbiose" / "all_Exchanges.csv", dtype="str")
    names = {"location": "site", "Supplier": "supplier", "Accepter": "accepter"}
    rows = rows.rename(columns=names)
    for side in ("supplier", "accepter"):
        rows[side] = rows[side].map(fold)
    if with_terms:
        chosen = _terms(rows)
        for side in ("supplier", "accepter"):
            rows[side] = rows[side].map(lambda name: chosen.get(name, name))
    rows = rows[rows["supplier"] != rows["accepter"]]
    rows["place"] = rows["site"].str.replace(r"\d+$", "", regex=True)
    counted = rows if with_products else rows[rows["Attribute"].str.casefold() != "product"]
    parks = []
    for site, held in rows.groupby("site"):
        mine = counted[counted["site"] == site]
        place = held["place"].iloc[0]
        parks.append(
            Park(
                name=site,
                place=place,
                firms=tuple(sorted({*held["supplier"], *held["accepter"]})),
                exchanged=frozenset(zip(mine["supplier"], mine["accepter"], strict=True)),
                suppliers=frozenset(mine["supplier"]),
                accepters=frozenset(mine["accepter"]),
                elsewhere=counted[counted["place"] != place],
                other_parks=counted[counted["site"] != site],
            )
        )
    return parks


def _terms(rows):
    """Return the term of each name that has one, the first of the file."""
    chosen = {}
    for side in ("supplier", "accepter"):
        for end in ("", "2"):
            terms = rows[f"{side.title()}_word_vector_term{end}"]
            for name, term in zip(rows[side], terms, strict=True):
                if isinstance(term, str) and term.strip():
                    chosen.setdefault(name, fold(term.replace("_", " ")))
    return chosen


def candidates(park, *, article=False, without=frozenset()):
    """Return the pairs that are ranked: all ordered pairs, or suppliers with accepters."""
    givers = sorted(park.suppliers) if article else park.firms
    takers = sorted(park.accepters) if article else park.firms
    pairs = [(one, two) for one in givers for two in takers if one != two]
    return [pair for pair in pairs if not without & set(pair)]


def average_precision(scores, truth):
    """Return the mean over the orders of ties of the average precision."""
    return _mean_over_ties(
        scores, lambda order: float((np.cumsum(truth[order]) / _ranks(truth))[truth[order]].mean())
    )


def recall_at_tenth(scores, truth):
    """Return the share of exchanges among the first tenth of the pairs."""
    first = math.ceil(len(truth) / 10)
    return _mean_over_ties(scores, lambda order: truth[order][:first].sum() / truth.sum())


def _ranks(truth):
    return np.arange(1, len(truth) + 1)


def _mean_over_ties(scores, measure):
    chance = np.random.default_rng(0)
    scores = np.asarray(scores).round(9)
    return float(
        np.mean(
            [measure(np.lexsort((chance.random(len(scores)), -scores))) for _ in range(SHUFFLES)]
        )
    )


# --- rankings: park -> square of scores ---------------------------------------------------------


def at_random(park):
    return np.zeros((len(park.firms), len(park.firms)))


def words(park):
    """Return how like the names of supplier and accepter are (LSA, see ``vectors``)."""
    known = vectors(park.firms)
    return known @ known.T


def words_mimicked(park):
    """Return the likeness of names to the most alike exchange of another place."""
    pairs = park.elsewhere[["supplier", "accepter"]].drop_duplicates()
    mine, givers, takers = (
        vectors(names) for names in (park.firms, pairs["supplier"], pairs["accepter"])
    )
    one, two = np.clip(mine @ givers.T, 0, 1), np.clip(mine @ takers.T, 0, 1)
    return (one[:, None, :] * two[None, :, :]).max(axis=2)


def names_mimicked(park):
    """Return 1 where the same names exchange in another place."""
    return _same_names(park, park.elsewhere)


def names_of_other_years(park):
    """Return 1 where the same names exchange in another park, be it the same place: a leak."""
    return _same_names(park, park.other_parks)


def _same_names(park, rows):
    known = set(zip(rows["supplier"], rows["accepter"], strict=True))
    return np.array([[(one, two) in known for two in park.firms] for one in park.firms], float)


def codes_mimicked(park):
    """Return how like the activity codes of the pair are to an exchange of another place."""
    pairs = park.elsewhere[["supplier", "accepter"]].drop_duplicates()
    code = {
        name: found[0].code if found else ""
        for names in ({*park.firms, *pairs["supplier"], *pairs["accepter"]},)
        for name, found in zip(names, suggest_texts(list(names)), strict=True)
    }
    one, two = (
        np.array(
            [[_alike(code[name], code[other]) for other in pairs[side]] for name in park.firms]
        )
        for side in ("supplier", "accepter")
    )
    return (one[:, None, :] * two[None, :, :]).max(axis=2)


def _alike(one, two):
    """Return how much of an activity code two share: division, group and class, a third each."""
    if not one or not two:
        return 0.0
    shared = [one[:end] == two[:end] and len(one) >= end for end in (2, 4, 5)]
    return sum(shared) / 3


def processes_mimicked(park):
    """Return what the toolkit takes from other sites, alone."""
    return (square(park, exchanges=park.elsewhere) - square(park)) / SITES_WEIGHT


def profiles_alone(park, profiles):
    """Return what the toolkit takes from profiles, alone."""
    return (square(park, profiles=profiles) - square(park)) / PROFILE_WEIGHT


def square(park, **options):
    """Return the scores of the toolkit, 0 where it proposes nothing."""
    ranked = rank_pairs(park.table(), **options)
    row = {name: number for number, name in enumerate(park.firms)}
    scores = np.zeros((len(row), len(row)))
    scores[ranked["supplier_id"].map(row), ranked["accepter_id"].map(row)] = ranked["score"]
    return scores


# --- measures over parks ------------------------------------------------------------------------


def measure(parks, ranking, **options):
    """Return average precision and recall at a tenth of the pairs, by park with an exchange."""
    rows = {}
    for park in parks:
        pairs = candidates(park, **options)
        truth = np.array([pair in park.exchanged for pair in pairs], dtype="bool")
        if not truth.any():
            continue
        row = {name: number for number, name in enumerate(park.firms)}
        scores = ranking(park)
        known = np.array([scores[row[one], row[two]] for one, two in pairs])
        rows[park.name] = (average_precision(known, truth), recall_at_tenth(known, truth))
    return pd.DataFrame(rows, index=["map", "recall"]).T


def pooled(parks, ranking):
    """Return the average precision of one list of the pairs of all parks."""
    scores, truth = [], []
    for park in parks:
        row = {name: number for number, name in enumerate(park.firms)}
        held = ranking(park)
        scores += [held[row[one], row[two]] for one, two in candidates(park)]
        truth += [pair in park.exchanged for pair in candidates(park)]
    return average_precision(np.array(scores), np.array(truth))


def interval(by_park, parks):
    """Return the bounds that hold 95 % of the means when places are drawn again."""
    place = {park.name: park.place for park in parks}
    groups = [held.to_numpy() for _, held in by_park.groupby(by_park.index.map(place))]
    chance = np.random.default_rng(0)
    draws = chance.integers(len(groups), size=(DRAWS, len(groups)))
    means = [np.concatenate([groups[one] for one in draw]).mean() for draw in draws]
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def shared_names(parks):
    """Return names that stand in parks of more than one place."""
    held = pd.DataFrame(
        [(name, park.place) for park in parks for name in park.firms], columns=["name", "place"]
    ).drop_duplicates()
    counts = held["name"].value_counts()
    return frozenset(counts[counts > 1].index)


# --- words, as far as a machine without pre-trained vectors knows them ---------------------------


def vectors(names):
    """Return unit vectors of names: sums of word vectors learnt on labels of nomenclatures (LSA).

    The article used vectors trained on a large corpus, which are not at hand.
    """
    index, rows = _learnt()
    held = np.zeros((len(names), rows.shape[1]))
    for number, name in enumerate(names):
        known = [index[one] for one in _tokens(name) if one in index]
        if known:
            held[number] = rows[known].sum(axis=0)
    return held / np.maximum(np.linalg.norm(held, axis=1, keepdims=True), 1e-9)


def _tokens(text):
    return [one[:7] for one in re.findall(r"[a-z]{2,}", fold(text))]


_LEARNT = []


def _learnt():
    if not _LEARNT:
        labels = [
            label
            for table in ("naf_rev2", "waste", "categories")
            for label in nomenclature.table(table)["label_en"]
            if label
        ]
        labels += [*industry().flows["label_en"]]
        texts = [set(_tokens(label)) for label in labels]
        index = {one: number for number, one in enumerate(sorted(set().union(*texts)))}
        cells = [(number, index[one]) for number, text in enumerate(texts) for one in text]
        at = tuple(zip(*cells, strict=True))
        counts = sparse.csc_matrix((np.ones(len(cells)), at), shape=(len(texts), len(index)))
        rarity = np.log(len(texts) / np.asarray(counts.sum(axis=0)).ravel())
        start = np.ones(min(counts.shape))
        _, sizes, topics = svds(counts @ sparse.diags(rarity), k=_TOPICS, v0=start)
        _LEARNT.append((index, (sizes[:, None] * topics).T * rarity[:, None]))
    return _LEARNT[0]
