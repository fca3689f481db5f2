from __future__ import annotations

import re

import pandas as pd
import pytest

from toolkit.views.frames import table_of
from toolkit.views.shown import SHOWN_MAX, worded
from toolkit.views.tables import gap_kind_table, gap_table


def cells(frame) -> list[str]:
    return re.findall(r"<td[^>]*>(.*?)</td>", frame._repr_html_())


def heads(frame) -> list[str]:
    return re.findall(r"<th(?: [^>]*)?>(.*?)</th>", frame._repr_html_().split("</thead>")[0])


def test_numbers_are_written_as_the_language_does_and_gaps_are_blank():
    frame = pd.DataFrame({"n": [1234.5, float("nan")], "w": ["<b>", None]}, index=["a", "b"])
    assert cells(worded(frame, lang="fr")) == ["1\u202f234", "&lt;b&gt;", "", ""]
    assert cells(worded(frame, lang="en"))[0] == "1,234"


def test_hostile_headers_and_index_are_letters():
    frame = pd.DataFrame({"<script>": ["x"]}, index=pd.Index(["<img>"], name="<i>"))
    shown = worded(frame, lang="fr")._repr_html_()
    assert "<script>" not in shown
    assert "<img>" not in shown
    assert "&lt;i&gt;" in shown


def test_long_table_says_how_much_of_it_is_shown():
    long = worded(pd.DataFrame({"n": range(SHOWN_MAX + 1)}), lang="fr")
    assert len(cells(long)) == SHOWN_MAX
    assert "2\u202f000 premières lignes sur 2\u202f001." in long._repr_html_()
    assert "<p>" not in worded(pd.DataFrame({"n": [1]}), lang="fr")._repr_html_()


def test_table_without_row_says_so():
    assert worded(pd.DataFrame({"n": []}), lang="en")._repr_html_() == "<p>No row.</p>"


def test_parts_of_a_table_are_shown_alike(diagnosis):
    part = gap_table(diagnosis, lang="fr").head(2)
    assert heads(part)[0] == "N°"
    assert cells(part)[:2] == ["1", "Besoin non couvert"]
    assert "unmet_need" not in part._repr_html_()


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("table", ["communes", "actors", "resources", "flows", "sources"])
def test_no_code_is_left_in_a_table(diagnosis, table, lang):
    shown = table_of(diagnosis.territory, table, lang=lang)
    said = " ".join([*heads(shown), *cells(shown)])
    assert not re.search(r"[a-z]+_[a-z]+|\bnan\b|None", said)


def test_years_are_names_and_not_amounts(diagnosis):
    shown = table_of(diagnosis.territory, "communes", lang="fr")
    assert "2026" in cells(shown)
    assert "2\u202f026" not in cells(shown)


def test_kinds_of_gaps_are_counted_and_explained(diagnosis):
    kinds = gap_kind_table(diagnosis, lang="fr")
    assert kinds["Nombre"].sum() == len(diagnosis.gaps)
    assert kinds["Ce que c'est"].str.endswith(".").all()
