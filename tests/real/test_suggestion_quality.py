"""How well names lead to activities, on legal units that the making of the words never read.

One half of the legal units, by a hash of the SIREN, only measures.  A name is right by any code
that its unit bears in the file.  A text without a known word counts as wrong.  The figures are
printed (``pytest -s``) and stand in ``docs/decisions/0021-activity-from-words.md``.

- ``sirene``: establishments of the daily files (Normandie, Aveyron, Pas-de-Calais, Martinique);
- ``integration``: work integration structures of 2019 and 2021, of which no word was learnt;
- ``numerique``: units of the social economy with a digital code.  The list was cut by code, so it
  holds nothing else, even where a name plainly says something else;
- ``described``: structures of data.inclusion with a description, whose code the other lists tell;
  they are few, and none was read in the making.
"""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pandas as pd
import pytest
from rapidfuzz import fuzz, process

from toolkit import nomenclature
from toolkit.knowledge.suggestion import ASK, SURE, suggest_activities, suggest_texts
from toolkit.resources import shipped

pytestmark = pytest.mark.shared

SIRENE = (
    "normandie/sirene_quotidien_2017_normandie_pm.csv",
    "millau_12/sirene_quotidien_2017_12_pm.csv",
    "calaisis_62/sirene_quotidien_2017_62_pm.csv",
    "martinique_972/sirene_quotidien_2017_972_pm.csv",
)
NUMERIQUE = ("national/ess_numerique_enrichi_2026.csv",)
INTEGRATION = ("national/siae_asp_2019_07.csv", "national/siae_geocodees_2021_02.csv")
DESCRIBED = "national/data_inclusion_structures_2023_02.csv"
WIDTHS = {"division": 2, "class": 5}


@pytest.fixture(scope="module")
def build():
    """Return the two scripts that make the shipped tables."""
    folder = str(shipped("data", "knowledge", "build"))
    sys.path.insert(0, folder)
    try:
        yield tuple(map(importlib.import_module, ("build_word_counts", "build_confidence")))
    finally:
        sys.path.remove(folder)


@pytest.fixture(scope="module")
def sources(build, request):
    counts, curves = build
    folder = request.getfixturevalue("shared_data")
    return {
        "sirene": counts.sirene_rows([folder / name for name in SIRENE]),
        "numerique": counts.numerique_rows([folder / name for name in NUMERIQUE]),
        "integration": curves.integration_rows([folder / name for name in INTEGRATION]),
    }


@pytest.fixture(scope="module")
def kept(build, sources):
    """Return the names of the half that only measures, with the codes of their units."""
    counts, curves = build
    return {
        name: curves.names_of(frame[frame["siren"].map(counts.is_kept_apart)])
        for name, frame in sources.items()
    }


@pytest.fixture(scope="module")
def described(sources, request):
    """Return structures with a description, and the codes that the other lists give their unit."""
    path = request.getfixturevalue("shared_data") / DESCRIBED
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    codes = pd.concat(list(sources.values())).groupby("siren")["code"].agg(frozenset)
    told = (frame["presentation_resume"] + " " + frame["presentation_detail"]).str.strip()
    siren = frame["pivot"].str.replace(" ", "").str[:9]
    texts = list(zip(frame["nom"], told, strict=True))
    found = pd.DataFrame({"siren": siren, "text": texts, "code": siren.map(codes)})
    return found[(told != "") & found["code"].notna()].reset_index(drop=True)


def tell(*told):
    """Show figures to who runs the tests with ``-s``."""
    sys.stdout.write("\n" + "\n".join(told) + "\n")


def is_right(frame, guesses, *, level, top):
    """Return for each name whether one of the first guesses is a code of its unit."""
    width = WIDTHS[level]
    return np.array(
        [
            bool({guess[:width] for guess in found[:top]} & {code[:width] for code in codes})
            for found, codes in zip(guesses, frame["code"], strict=True)
        ]
    )


def told(frame, *, level):
    """Return the codes of a level that the names lead to, and the confidence of the first."""
    found = suggest_texts(frame["text"].tolist(), top=3, level=level)
    first = np.array([one[0].confidence if one else 0.0 for one in found])
    return [[guess.code for guess in one] for one in found], first


def bare(frame):
    """Return the codes of the three labels that rapidfuzz finds the most alike."""
    labels = nomenclature.table(nomenclature.NAF_REV2)
    labels = labels[labels["level"].isin(["class", "subclass"])]
    known = pd.concat([labels["label_fr"], labels["label_en"]])
    known = known[known != ""]
    scores = process.cdist(
        [
            nomenclature.fold(" ".join([text] if isinstance(text, str) else text))[:300]
            for text in frame["text"]
        ],
        [nomenclature.fold(label) for label in known],
        scorer=fuzz.token_set_ratio,
        dtype=np.uint8,
    )
    best = np.argsort(-scores.astype("int16"), axis=1, kind="stable")[:, :20]
    return [
        [list(dict.fromkeys(known.index[at][:width] for at in row))[:3] for row in best]
        for width in WIDTHS.values()
    ]


@pytest.fixture(scope="module")
def measured(kept, described):
    """Return a table of shares: one row a source, level and way."""
    rows = []
    for name, frame in {**kept, "described": described}.items():
        for level, labels in zip(WIDTHS, bare(frame), strict=True):
            for way, guesses in (("words", told(frame, level=level)[0]), ("labels", labels)):
                rows.append(
                    {
                        "source": name,
                        "level": level,
                        "way": way,
                        "names": len(frame),
                        "top1": is_right(frame, guesses, level=level, top=1).mean(),
                        "top3": is_right(frame, guesses, level=level, top=3).mean(),
                    }
                )
    found = pd.DataFrame(rows).set_index(["source", "level", "way"])
    tell(found.round(3).to_string())
    return found


def test_the_half_that_measures_is_never_learnt(build, sources):
    counts, _ = build
    for frame in sources.values():
        learnt = set(counts.learnt(frame)["siren"])
        apart = {one for one in frame["siren"] if counts.is_kept_apart(one)}
        assert learnt
        assert apart
        assert not learnt & apart
        assert 0.4 < len(apart) / (len(apart) + len(learnt)) < 0.6


def test_the_shipped_counts_are_those_of_the_other_half(build, sources):
    counts, _ = build
    made = counts.table(counts.learnt(sources["sirene"]), counts.learnt(sources["numerique"]))
    written = pd.read_csv(shipped("data", "knowledge", "word_counts.csv"), keep_default_na=False)
    assert written.to_dict("records") == made


def test_the_shipped_confidence_is_what_the_other_half_tells(build, sources):
    counts, curves = build
    parts = {name: counts.learnt(frame) for name, frame in sources.items()}
    made = curves.curves(parts["sirene"], parts["numerique"], integration=parts["integration"])
    written = pd.read_csv(shipped("data", "knowledge", "suggestion_confidence.csv"))
    assert written["level"].tolist() == [one["level"] for one in made]
    for name in ("intercept", "slope"):
        expected = [float(one[name]) for one in made]
        assert written[name].tolist() == pytest.approx(expected, abs=0.011)


FLOORS = {
    ("sirene", "division"): (0.38, 0.44),
    ("sirene", "class"): (0.29, 0.37),
    ("integration", "division"): (0.28, 0.47),
    ("integration", "class"): (0.26, 0.42),
    ("numerique", "division"): (0.12, 0.20),
    ("numerique", "class"): (0.07, 0.13),
    ("described", "division"): (0.37, 0.55),
    ("described", "class"): (0.37, 0.50),
}
"""Lowest share of names whose first code, or one of three, is right: slightly under the measure."""


@pytest.mark.parametrize("source,level", FLOORS)
def test_names_lead_to_activities(measured, source, level):
    found = measured.loc[source].loc[level]
    top1, top3 = FLOORS[source, level]
    assert found.loc["words", "top1"] >= top1, found.to_string()
    assert found.loc["words", "top3"] >= top3, found.to_string()


@pytest.mark.parametrize("source,level", FLOORS)
def test_words_do_better_than_labels_that_look_alike(measured, source, level):
    found = measured.loc[source].loc[level]
    assert (
        found.loc["words", ["top1", "top3"]] > 1.3 * found.loc["labels", ["top1", "top3"]]
    ).all()


@pytest.mark.parametrize("source,worst", [("sirene", 0.09), ("integration", 0.09)])
def test_the_confidence_is_the_share_of_right_answers(kept, source, worst):
    guesses, first = told(kept[source], level="division")
    right = is_right(kept[source], guesses, level="division", top=1)
    answered = first > 0
    table = pd.DataFrame({"confidence": first, "right": right})[answered]
    bins = table.groupby((table["confidence"] * 10).astype("int64"))
    means = bins.agg(
        names=("right", "size"), confidence=("confidence", "mean"), right=("right", "mean")
    )
    tell(source, means.round(2).to_string())
    away = (means["confidence"] - means["right"]).abs()
    assert np.average(away, weights=means["names"]) < worst, means.to_string()


ZONES = {
    "sirene": (0.25, 0.90, 0.22),
    "integration": (0.12, 0.79, 0.26),
    "numerique": (0.03, 0.33, 0.22),
}
"""Lowest share of names that are ``sure``, of right divisions among these, and of names asked."""


@pytest.mark.parametrize("source", ZONES)
def test_what_is_sure_is_right_and_what_is_doubtful_is_asked(kept, source):
    frame = kept[source]
    found = suggest_activities(frame, ["text"])
    firsts = [[code] if code else [] for code in found["activity"]]
    table = pd.DataFrame(
        {
            "zone": found["zone"],
            "right": is_right(frame, firsts, level="division", top=1),
            "named": found["level"].isin(["class", "subclass"]),
            "right_class": is_right(frame, firsts, level="class", top=1),
        }
    )
    shares = table["zone"].value_counts(normalize=True)
    zones = table.groupby("zone")["right"].mean()
    fine = table[table["named"]].groupby("zone")["right_class"].agg(["size", "mean"])
    tell(source, *(one.round(3).to_string() for one in (shares, zones, fine)))
    sure, right, asked = ZONES[source]
    assert shares["sure"] >= sure
    assert zones["sure"] >= right
    assert shares["ask"] >= asked
    assert (found.loc[found["zone"] == "unknown", "activity"] == "").all()


def test_half_of_what_is_asked_is_right_and_less_of_what_is_left_out(kept):
    guesses, first = told(kept["sirene"], level="division")
    right = is_right(kept["sirene"], guesses, level="division", top=1)
    asked = (first >= ASK) & (first < SURE)
    assert right[asked].mean() > 0.5
    assert right[(first < ASK) & (first > 0)].mean() < 0.5
