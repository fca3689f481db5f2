"""The notebooks as files: cleared, with a parameter cell, the same code in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
FRENCH = sorted((NOTEBOOKS / "fr").glob("*.ipynb"))
ENGLISH = sorted((NOTEBOOKS / "en").glob("*.ipynb"))


def cells(path: Path, kind: str) -> list[dict]:
    return [
        cell
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == kind
    ]


def test_there_are_seven_in_each_language_in_the_same_order() -> None:
    assert [path.name[:2] for path in FRENCH] == [f"{number:02d}" for number in range(1, 8)]
    assert [path.name[:2] for path in ENGLISH] == [path.name[:2] for path in FRENCH]


@pytest.mark.parametrize(
    "path", FRENCH + ENGLISH, ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_is_cleared_small_and_has_one_parameter_cell(path: Path) -> None:
    code = cells(path, "code")
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    tagged = [cell for cell in code if "parameters" in cell["metadata"].get("tags", [])]
    assert ["".join(cell["source"]) for cell in tagged] == ['TERRITORY = ""']
    assert path.stat().st_size < 20_000


@pytest.mark.parametrize(
    "french,english", list(zip(FRENCH, ENGLISH, strict=True)), ids=lambda path: path.stem
)
def test_code_is_the_same_in_both_languages_and_words_are_not(french: Path, english: Path) -> None:
    assert [cell["source"] for cell in cells(french, "code")] == [
        cell["source"] for cell in cells(english, "code")
    ]
    words = zip(cells(french, "markdown"), cells(english, "markdown"), strict=True)
    assert all(one["source"] != other["source"] for one, other in words)
