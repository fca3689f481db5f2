"""Missing activities in the report: how sure, what goes with them, and who is compared."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

import toolkit as tk
from toolkit.background import Background
from toolkit.report import facts_of, report_page
from toolkit.report.missing_facts import missing_sentences, panel_note
from toolkit.sources.demo import DEMO_ID, demo_panel
from toolkit.views.words import activity_label, gap_name, gap_title

PLANTED = "missing_activity:naf_rev2:95.29Z"


@pytest.fixture(scope="module")
def compared(tiny):
    """Return the findings of the demo's panel on a small territory: words need no more."""
    settings = tk.Settings(permutations=99)
    background = Background(panel=demo_panel(), own_id=DEMO_ID)
    return tk.diagnose(tiny, settings=settings, background=background)


@pytest.fixture(scope="module")
def tiny():
    from tests.conftest import tiny_tables

    return tk.Territory.from_tables(tiny_tables(), name="Val d'Essai", fictional=True)


def told(diagnosis, lang):
    return next(gap for gap in facts_of(diagnosis, lang=lang)["gaps"] if gap["id"] == PLANTED)


def test_the_gap_says_what_it_is_how_much_and_how_sure(compared):
    gap = told(compared, "en")
    assert gap["title"] == "Repair of other personal and household goods"
    assert gap["sentence"].startswith("No establishment of this kind is counted here.")
    assert gap["sentence"].endswith("for the same population: 20.")
    line = compared.findings.detail("activities").set_index("activity").loc["95.29Z"]
    low, high = (f"{100 * line[end]:.0f}%" for end in ("low", "high"))
    assert f"between {low} and {high} of the usual rate" in gap["how_sure"]
    assert "Within reach" in gap["how_sure"]
    assert "Repair of household appliances" in gap["how_sure"]
    assert gap["shortfall"] == "20\N{NO-BREAK SPACE}establishments"


def test_its_evidence_names_the_territories_and_what_they_have(compared):
    gap = told(compared, "fr")
    first = gap["evidence"][0]
    assert first["role"] == "Territoire comparable"
    assert first["what"].startswith("Territoire fictif n°")
    assert first["who"].endswith("habitants")
    assert first["quantity"].endswith("établissements")
    assert len(gap["evidence"]) + gap["evidence_more"] == 16


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_page_prints_who_is_compared(compared, lang):
    page = report_page(compared, lang=lang)
    panel = compared.findings.detail("panel")
    for name in panel.loc[panel["chosen"], "name"]:
        assert name in page
    assert "panel_ids" in page


def test_a_panel_that_people_name_is_said_to_be_theirs(compared):
    settings = compared.settings.with_changes(panel_ids=("T01", "T02", "T03"))
    named = dataclasses.replace(compared, settings=settings)
    assert "named in the setting panel_ids" in panel_note(named, lang="en")


def test_without_a_panel_nothing_is_said(diagnosis):
    assert missing_sentences(diagnosis, lang="fr") == {}
    assert panel_note(diagnosis, lang="fr") == ""


def test_names_from_a_file_are_text_never_code(tiny):
    panel = demo_panel()
    hostile = "{{7*7}} <script>alert(1)</script>"
    panel["name"] = pd.Series(hostile, index=panel.index, dtype="str")
    background = Background(panel=panel, own_id=DEMO_ID)
    settings = tk.Settings(permutations=99)
    page = report_page(tk.diagnose(tiny, settings=settings, background=background), lang="fr")
    assert "{{7*7}} &lt;script&gt;" in page
    assert "<script>alert(1)" not in page


def test_services_are_named_by_their_category():
    assert activity_label("bpe", "D307", lang="fr") == "Pharmacie"
    assert activity_label("bpe", "A505", lang="fr") == "A505"
    assert gap_name("missing_activity:bpe:D307")[:3] == ("missing_activity", "D307", "bpe")
    gap = {"gap_id": "missing_activity:bpe:A401", "category": "services.daily_life.craftspeople"}
    assert gap_title(gap, lang="en") == "Building craftsperson (A401)"
