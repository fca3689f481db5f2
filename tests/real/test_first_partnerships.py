"""The pages of first partnerships show, and comment, the candidates that are found today."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

pytestmark = [pytest.mark.shared, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]


def _script():
    path = ROOT / "docs" / "build" / "partnerships.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pages = _script()


@pytest.fixture(scope="module")
def found(shared_data):
    assert pages.SHARED.samefile(shared_data)
    return {name: pages.shown(pages.diagnosis_of(name, lang="fr")) for name in pages.TERRITORIES}


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_pages_show_what_is_found_today(found, lang):
    written = (ROOT / "docs" / lang / pages.PAGES[lang]).read_text(encoding="utf-8")
    listed = re.findall(r"^<!-- (.+) -->$", written, flags=re.MULTILINE)
    today = [opening for openings in found.values() for opening in openings]
    assert listed == today, "run `python docs/build/partnerships.py` and read the pages again"


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_what_is_said_is_said_of_what_is_shown(found, lang):
    words = pages.words_of(lang)
    for name, openings in found.items():
        assert set(words[name]["comments"]) == set(openings), name
