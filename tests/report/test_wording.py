"""Every gap of every kind, however qualified and however large, is a plain sentence."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from toolkit import vocabulary as v
from toolkit.privacy import public_diagnosis
from toolkit.report import facts_of
from toolkit.report.gap_facts import enumeration, gap_facts
from toolkit.report.summary_facts import summary_of

WOOD, HALL, PLACE = (
    "materials.wood.offcuts",
    "premises.event_hall",
    "services.culture_sport.library",
)
NATURES = ("", ":service", ":money", ":people", ":knowledge")
SUBJECTS = [
    *((f"unmet_need:{WOOD}{end}", WOOD, "t") for end in ("", ":volume", ":count")),
    *((f"unused_resource:{HALL}{end}", HALL, "place") for end in ("", ":area", ":time")),
    (f"unmet_need:{WOOD}:unsized", WOOD, ""),
    (f"unused_resource:{HALL}:unsized", HALL, ""),
    ("missing_activity:naf_rev2:47.24Z", "", ""),
    *((f"broken_chain:timber:{lack}", WOOD, "") for lack in ("sawmill", "3-4", "sawmill:apart")),
    ("broken_chain:bike:2", "", ""),
    *((f"broken_chain:our_seaweed:{lack}", "", "") for lack in ("sea_drying", "2", "2-4:apart")),
    (f"service_access:{PLACE}", PLACE, "person"),
    (f"service_access:{PLACE}:shared", PLACE, "person"),
    *(
        (f"leak:{way}:materials.wood{nature}{measure}", "materials.wood", unit)
        for way in ("in", "out")
        for nature in NATURES
        for measure, unit in (("", "t"), (":time", "hour"), (":currency", "kEUR"))
    ),
    *((f"isolated_actor:{sector}", "", "") for sector in ("forestry_wood", "unknown", "all")),
    ("structural_hole:family:ess-research", "", ""),
    ("structural_hole:sector:agriculture-forestry_wood", "", ""),
]  # fmt: skip
SIZES = [(1, 0), (1, 1), (2, 0), (2, 1), (7, 5), (152_091, 0), (152_091, 10), (152_091, 152_090)]
DOUBLED = re.compile(r"\b(\w{2,}) \1\b|(personne|habitant|people|inhabitant)\w* \w+ [\d\s]+\2")
SINGULAR_WITH_S = {
    "fr": re.compile(r"(?<![\d,.])\b[01] (?!sans\b|dans\b)\w+s\b"),
    "en": re.compile(r"(?<![\d,.])\b1 (?!is\b|has\b)\w+s\b"),
}


def gaps_of(diagnosis, *, size, lang, secret=False):
    """Return the facts of one gap of every kind and qualifier, of one size."""
    expected, observed = (float(part) for part in size)
    rows = [
        {
            "gap_id": gap_id, "kind": gap_id.split(":")[0], "category": category, "commune_id": "",
            "actor_ids": "|".join(f"A{i}" for i in range(1, min(9, int(expected - observed)) + 1)),
            "expected": expected, "observed": observed, "shortfall": expected - observed,
            "unit": unit, "people_affected": expected - observed, "severity": 0.5,
            "confidence": 0.6, "basis": "observed", "evidence": 1, "secret": secret,
        }
        for gap_id, category, unit in SUBJECTS
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    if secret:
        frame = frame.assign(expected=float("nan"), observed=float("nan"), shortfall=float("nan"))
    from dataclasses import replace

    public = public_diagnosis(diagnosis, lang=lang).diagnosis
    findings = replace(public.findings, gaps=frame, evidence=public.evidence.head(0))
    return gap_facts(replace(public, findings=findings), lang=lang)


def faults(said: str, *, lang: str) -> list[str]:
    """Return what no sentence of a report may hold."""
    spaced = said.replace("\u00a0", " ").replace("\u202f", "")
    signs = ["_", "{", ":unsized", ":shared", "nan", ") (", ")(", "..", "  ", "None"]
    found = [sign for sign in signs if sign in spaced]
    found += [match.group() for match in DOUBLED.finditer(spaced)]
    return found + SINGULAR_WITH_S[lang].findall(spaced)


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_every_gap_is_a_plain_sentence(diagnosis, size, lang):
    for gap in gaps_of(diagnosis, size=size, lang=lang):
        for said in (gap["title"], gap["sentence"], gap["shortfall"]):
            assert faults(said, lang=lang) == [], (gap["id"], said)
        assert gap["sentence"].endswith(".")
        assert gap["title"][0].isupper()
        assert not re.search(r"[a-z]\.[a-z]", gap["title"] + gap["sentence"]), gap["id"]


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_gap_without_figures_says_none(diagnosis, lang):
    for gap in gaps_of(diagnosis, size=(7, 5), lang=lang, secret=True):
        assert not re.search(r"\d", gap["sentence"]), gap["id"]
        assert faults(gap["sentence"], lang=lang) == []


def test_qualifiers_give_titles_of_their_own(diagnosis):
    titles = [gap["kind"] + gap["title"] for gap in gaps_of(diagnosis, size=(7, 5), lang="fr")]
    # A leak of money is the same whether its id says that it is in euros or not.
    assert len(set(titles)) == len(titles)


def test_faults_are_seen():
    assert faults("1 ressources", lang="fr") == ["1 ressources"]
    assert faults("sur 0 acteurs", lang="fr") == ["0 acteurs"]
    assert faults("les les acteurs", lang="fr") == ["les les"]
    assert faults("9 personnes sur 9 personnes", lang="fr") != []
    assert faults("1 actors", lang="en") == ["1 actors"]
    assert faults("isolated_actor:all", lang="en") != []


def test_known_titles(diagnosis):
    made = {gap["id"]: gap for gap in gaps_of(diagnosis, size=(1, 0), lang="fr")}
    nobody = made["isolated_actor:all"]
    assert nobody["title"] == "Aucun lien n'est recensé entre les acteurs"
    assert "198" not in nobody["sentence"]
    assert made["isolated_actor:unknown"]["title"] == "Secteur inconnu\u00a0: 1 acteur isolé"
    assert made[f"unused_resource:{HALL}:unsized"]["sentence"].startswith(
        "1 ressource de quantité inconnue\u00a0; elle"
    )
    shown = gaps_of(diagnosis, size=(152_091, 0), lang="fr")
    (far,) = (gap for gap in shown if gap["id"] == f"service_access:{PLACE}")
    assert far["sentence"] == (
        "Tous les habitants sont trop loin de ce service\u00a0: 152\u202f091\u00a0personnes."
    )


def test_few_people_are_told_in_no_sentence(diagnosis):
    (far,) = (
        gap
        for gap in gaps_of(diagnosis, size=(4_000, 3_998), lang="fr")
        if gap["id"] == f"service_access:{PLACE}"
    )
    assert far["sentence"] == "Une partie des habitants est trop loin de ce service."
    assert (far["shortfall"], far["expected"], far["people"]) == ("", "", "moins de 5")


def test_lists_are_cut_without_a_stray_full_stop():
    names = ["Établissements Noël & Cie.", "Scierie", "Mairie"]
    assert enumeration(names, shown=3, lang="fr") == "Établissements Noël & Cie., Scierie et Mairie"
    assert enumeration(names, shown=2, lang="fr").endswith("Scierie et 1 autre")
    assert enumeration(names * 20, shown=1, lang="fr") == "Établissements Noël & Cie. et 59 autres"
    assert enumeration([], shown=2, lang="en") == ""


def gap(kind, title, confidence):
    return {"kind": kind, "kind_label": "Type", "title": title, "confidence": confidence}


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_summary_names_no_gap_that_is_not_sure(diagnosis, lang):
    doubtful, sure = gap("leak", "Doubtful", 0.49), gap("unmet_need", "Certain", 0.5)
    public = public_diagnosis(diagnosis, lang=lang).diagnosis

    def said(gaps):
        return summary_of(public, gaps=gaps, candidates=[], lang=lang)[1]

    assert "Certain" in said([doubtful, sure])
    assert "Doubtful" not in said([doubtful, sure])
    for few in ([doubtful], [doubtful] * 3):
        assert "Doubtful" not in said(few)
        assert "50" in said(few)
    assert said([]) != said([sure])
    assert faults(said([sure]), lang=lang) == []


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_summary_counts_nothing_that_is_not_there(diagnosis, lang):
    from dataclasses import replace

    public = public_diagnosis(diagnosis, lang=lang).diagnosis
    kept = public.territory.table(v.ACTORS).head(1)
    gone = [v.RESOURCES, v.NEEDS, v.FLOWS, v.COOPERATIONS, v.MEMBERS, v.DECISIONS]
    empty = {name: public.territory.table(name).head(0) for name in gone}
    alone = replace(public, territory=public.territory.replace(**{v.ACTORS: kept, **empty}))
    said = summary_of(alone, gaps=[], candidates=[], lang=lang)[0]
    assert faults(said, lang=lang) == []
    assert re.search(r"\b1 act(eu|o)r\.$", said)
    assert not re.search(r"\b0\b", said)


def test_figures_and_labels_agree(diagnosis):
    labels = [figure["label"] for figure in facts_of(diagnosis, lang="fr")["figures"]]
    assert "Coopération" in labels  # one of them
    assert "Manques" in labels


def test_summary_says_what_nobody_has_entered(diagnosis):
    from dataclasses import replace

    public = public_diagnosis(diagnosis, lang="fr").diagnosis
    empty = {name: public.territory.table(name).head(0) for name in (v.NEEDS, v.FLOWS)}
    bare = replace(public, territory=public.territory.replace(**empty))
    last = summary_of(bare, gaps=[], candidates=[], lang="fr")[-1]
    assert last.startswith("Rien n'est encore renseigné pour\u00a0: besoins et flux.")
