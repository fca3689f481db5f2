"""What worked elsewhere and what could pay, beside a candidate."""

from __future__ import annotations

import pytest

from toolkit.knowledge import practices, tables
from toolkit.report.inspiration import SHOWN, Inspiration


def plain(words):
    return words.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_practices_of_the_same_subject_are_shown_with_their_source(lang):
    found = Inspiration(lang=lang).of(
        "materials.textile.clothing", objectives="answer_needs", families=["ess", "public"]
    )
    known = practices.read_practices()
    about = known[known["categories"].str.contains("materials.textile")]
    assert 0 < len(found["elsewhere"]) <= SHOWN
    titles = {plain(title) for title in about[f"title_{lang}"]}
    described = tables.described(tables.read_sources()).values()
    titles_of_sources = {plain(words) for words in described}
    for one in found["elsewhere"]:
        assert plain(one["title"]) in titles
        assert plain(one["source"]) in titles_of_sources


def test_without_a_subject_nothing_is_near():
    found = Inspiration(lang="fr").of("", objectives="be_visible", families=["ess"])
    assert found == {"elsewhere": [], "levers": []}


def test_levers_are_those_that_a_member_may_ask_for():
    inspiration = Inspiration(lang="en")
    levers = practices.read_levers()
    for category in ("energy.heat.waste_heat", "premises.office", "skills.shared_job"):
        for family in ("ess", "business", "public"):
            found = inspiration.of(category, objectives="pool_means", families=[family])
            for one in found["levers"]:
                row = levers[levers["name_en"] == one["name"]].iloc[0]
                assert family in row["families"].split("|")
