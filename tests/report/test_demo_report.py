from __future__ import annotations

import re

import pytest

from toolkit.diagnosis import diagnose
from toolkit.privacy import is_hidden
from toolkit.report import facts_of, report_page
from toolkit.sources import demo_territory

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo():
    return diagnose(demo_territory())


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_report_of_the_demo_is_small_and_marked_as_fictional(demo, lang):
    page = report_page(demo, lang=lang)
    assert len(page.encode()) < 1_500_000
    assert 'class="banner"' in page


def test_no_hidden_actor_is_named_in_the_report_of_the_demo(demo):
    page = report_page(demo, lang="fr")
    actors = demo.territory.actors
    mask = is_hidden(actors)
    shared = set(actors.loc[~mask, "name"])
    hidden = set(actors.loc[mask, "name"]) - shared
    assert len(hidden) > 10
    shown = " ".join(shared)
    assert [name for name in sorted(hidden) if name in page and name not in shown] == []


def test_no_code_is_read_in_the_report_of_the_demo(demo):
    facts = facts_of(demo, lang="fr")
    for gap in facts["gaps"]:
        assert not re.search(r"[a-z]_[a-z]|\{", gap["title"] + gap["sentence"])
    for card in facts["candidates"]:
        said = card["title"] + card["certificate"] + " ".join(card["questions"])
        said += " ".join(member["reason"] + member["role_label"] for member in card["members"])
        assert not re.search(r"[a-z]_[a-z]|\{", said)
