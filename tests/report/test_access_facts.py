"""How a report tells of travel times and of where one more site helps; and what it keeps silent."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from toolkit.privacy import public_diagnosis
from toolkit.report.access_facts import SiteWords, coverage_facts
from toolkit.views.words import place_names

PLACE = "services.culture_sport.library"
FAR = f"service_access:{PLACE}"


@pytest.fixture
def public(diagnosis):
    """Return a function that gives the public diagnosis with a gap of access and its frames."""

    def build(*, sites=(), coverage=(), secret=False):
        gap = {"gap_id": FAR, "kind": "service_access", "category": PLACE, "secret": secret}
        details = {
            "sites": pd.DataFrame(
                [(PLACE, *row) for row in sites],
                columns=["category", "sites", "commune_ids", "people_reached_more"],
            ),
            "coverage": pd.DataFrame(
                [(PLACE, *row) for row in coverage],
                columns=["category", "minutes", "is_limit", "people", "share"],
            ),
        }
        known = dataclasses.replace(diagnosis.findings, details=details)
        private = dataclasses.replace(diagnosis, findings=known)
        made = public_diagnosis(private, lang="fr").diagnosis
        findings = dataclasses.replace(made.findings, gaps=pd.DataFrame([gap]))
        return dataclasses.replace(made, findings=findings)

    return build


def said(diagnosis, *, lacking=3500.0, secret=False, lang="en"):
    words = SiteWords(diagnosis, names=place_names(diagnosis.territory), lang=lang)
    return words.one_more({"gap_id": FAR, "shortfall": lacking, "secret": secret})


ONE, TWO, THREE = (
    (1.0, "99002", 3000.0),
    (2.0, "99002|99003", 3300.0),
    (3.0, "99001|99002|99003", 3500.0),
)


def test_the_first_site_and_the_most_are_told(public):
    assert said(public(sites=[ONE, TWO, THREE])) == (
        "One more site in “Brissac-les-Bois” would bring it within reach of 3,000 more inhabitants."
        " With 3 more sites (Ambreval, Brissac-les-Bois and Château-d'Orne):"
        " 3,500 more inhabitants."
    )
    french = said(public(sites=[ONE]), lang="fr")
    assert french.replace("\u202f", " ").replace("\u00a0", " ") == (
        "Un lieu de plus à « Brissac-les-Bois » mettrait ce service à portée de 3 000 habitants de "
        "plus."
    )
    assert said(public()) == ""


def test_nothing_is_told_of_too_few_people_nor_of_a_secret_gap(public):
    assert said(public(sites=[(1.0, "99003", 4.0)]), lacking=900.0) == ""
    assert said(public(sites=[ONE]), lacking=3003.0) == ""  # three would be left over
    few_more = (2.0, "99002|99003", 3002.0)
    assert "With" not in said(public(sites=[ONE, few_more]), lacking=3500.0)
    assert said(public(sites=[ONE]), secret=True) == ""


def test_coverage_by_travel_time(public):
    rows = [
        (5.0, False, 1000.0, 2 / 9), (10.0, False, 1000.0, 2 / 9), (15.0, True, 4000.0, 8 / 9),
        (20.0, False, 4497.0, 4497 / 4500), (30.0, False, 4500.0, 1.0),
    ]  # fmt: skip
    (told,) = coverage_facts(public(coverage=rows), lang="en")
    assert [step["text"] for step in told["steps"]] == ["22%", "22%", "", "100%"]
    assert [step["minutes"] for step in told["steps"]] == ["5", "10", "20", "30"]
    assert (told["own"]["minutes"], told["own"]["text"]) == ("15", "89%")
    assert coverage_facts(public(coverage=rows, secret=True), lang="en") == []
    assert coverage_facts(public(), lang="en") == []


def test_nobody_within_any_time_is_told_as_zero(public):
    rows = [(minutes, minutes == 10, 0.0, 0.0) for minutes in (5.0, 10.0, 20.0, 30.0)]
    (told,) = coverage_facts(public(coverage=rows), lang="fr")
    assert {
        step["text"].replace("\u202f", " ").replace("\u00a0", " ") for step in told["steps"]
    } == {"0 %"}
