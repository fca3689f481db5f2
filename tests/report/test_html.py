from __future__ import annotations

import datetime as dt
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from toolkit.errors import ReportError
from toolkit.report import report_page, write_report
from toolkit.report.assets import check_self_contained

VOID = {"meta", "input", "br", "img", "path", "rect", "circle", "polygon"}


class Page(HTMLParser):
    """Reads a page; keeps elements, texts and what is wrong with the nesting."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        if "script" not in self.open and "style" not in self.open:
            self.words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="module")
def french(diagnosis):
    return report_page(diagnosis, lang="fr")


@pytest.fixture(scope="module")
def page(french):
    return Page(french)


def test_same_diagnosis_same_bytes(diagnosis, french):
    assert report_page(diagnosis, lang="fr") == french


def test_page_is_well_nested(page):
    assert page.wrong == []
    assert page.open == []


def test_ids_are_unique_and_links_lead_somewhere(page):
    ids = [attrs["id"] for _, attrs in page.elements if attrs.get("id")]
    assert len(ids) == len(set(ids))
    for link in page.all("a"):
        assert link["href"].startswith("#")
        assert link["href"][1:] in ids
    for attrs in (attrs for _, attrs in page.elements):
        for name in ("aria-labelledby", "aria-describedby", "for"):
            if attrs.get(name):
                assert attrs[name] in ids


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_page_tells_its_language_and_title(diagnosis, lang):
    made = report_page(diagnosis, lang=lang)
    assert f'<html lang="{lang}">' in made
    title = re.search(r"<title>(.*?)</title>", made).group(1)
    assert title.endswith("Val d&#39;Essai")
    other = {"fr": "Candidate partnerships", "en": "partenariats candidats"}[lang]
    assert other.lower() not in re.sub(r"srcdoc='[^']*'", "", made).lower()


def test_headings_go_down_one_by_one(page):
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_scopes(french, page):
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(cell.get("scope") in {"col", "row"} for cell in page.all("th"))


def test_controls_have_labels_and_the_frame_a_title(page):
    labelled = {label.get("for") for label in page.all("label")}
    for tag in ("select", "input"):
        assert all(control["id"] in labelled for control in page.all(tag))
    (frame,) = page.all("iframe")
    assert frame["title"] == "Carte interactive\u00a0: Val d'Essai"
    assert frame["sandbox"] == "allow-scripts"
    assert all(svg.get("aria-label") or svg.get("aria-hidden") == "true" for svg in page.all("svg"))


def test_landmarks_and_skip_link(page):
    for tag in ("header", "nav", "main", "footer"):
        assert page.all(tag)
    assert page.all("a")[0]["href"] == "#main"


def test_page_asks_for_nothing_outside(page, french):
    assert page.all("link") == []
    assert page.all("img") == []
    assert not any("src" in attrs for attrs in page.all("script"))
    check_self_contained(french)


@pytest.mark.parametrize(
    "added",
    [
        '<img src="https://example.org/x.png">', "<script src=//example.org/x.js></script>",
        '<link rel="stylesheet" href="x.css">', "<style>@import url(x.css)</style>",
        "<style>a{background:url(/x.png)}</style>", "<iframe src='http://example.org'></iframe>",
    ],
)  # fmt: skip
def test_page_that_asks_for_something_is_refused(french, added):
    with pytest.raises(ReportError) as caught:
        check_self_contained(french.replace("</body>", added + "</body>"))
    assert caught.value.code == "report_not_self_contained"


def test_policy_stands_before_every_script_and_style(french):
    policy = french.index("Content-Security-Policy")
    assert policy < french.index("<script>")
    assert policy < french.index("<style>")
    assert "unsafe-eval" not in french[:2000]


def test_fictional_territory_is_marked(french, diagnosis):
    from dataclasses import replace

    assert 'class="banner"' in french
    real = replace(diagnosis, territory=replace(diagnosis.territory, fictional=False))
    assert 'class="banner"' not in report_page(real, lang="fr")


def test_secrets_do_not_leave(french):
    for secret in (
        "Jeanne",
        "Martin-Secret",
        "Atelier Caché",
        "Paul Décideur",
        "Lot secret",
        "4242",
        "777 unités",
        "477",
    ):
        assert secret not in french


def test_hostile_names_are_shown_letter_for_letter(hostile, made):
    page = report_page(hostile, lang="fr")
    read = Page(page)
    assert read.wrong == []
    words = "".join(read.words)
    for actor in ("A1", "A2", "A3", "A4"):
        assert made.HOSTILE[actor] in words
    assert "Val {{7*7}} </script><b>`${1}`" in words
    assert not any(attrs.get("onerror") for _, attrs in read.elements)
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    assert len(scripts) == 6  # two of the page, four of the frame of the map
    assert not any("alert" in code for code in scripts)


def test_report_is_written_whole(diagnosis, tmp_path):
    path = write_report(diagnosis, tmp_path / "rapport.html", made_on=dt.date(2026, 11, 22))
    assert "22 novembre 2026" in path.read_text(encoding="utf-8")
    assert [file.name for file in tmp_path.iterdir()] == ["rapport.html"]


def test_missing_folder_is_a_clear_error(diagnosis, tmp_path):
    with pytest.raises(ReportError, match="cannot be written") as caught:
        write_report(diagnosis, tmp_path / "absent" / "rapport.html")
    assert caught.value.code == "report_not_written"
    assert list(tmp_path.iterdir()) == []


def test_empty_territory_has_a_report(diagnosis):
    from dataclasses import replace

    from toolkit.territory import Territory

    territory = Territory.from_tables({"communes": diagnosis.territory.communes}, name="Nu")
    nothing = {
        name: getattr(diagnosis.findings, name).head(0)
        for name in ("gaps", "evidence", "matches", "access", "network")
    }
    empty = {
        name: getattr(diagnosis.proposals, name).head(0)
        for name in ("openings", "partnerships", "roles", "practices", "ties")
    }
    bare = replace(
        diagnosis,
        territory=territory,
        findings=replace(diagnosis.findings, **nothing),
        proposals=replace(diagnosis.proposals, **empty),
    )
    page = report_page(bare, lang="fr")
    assert "Aucun manque n&#39;a été repéré" in page
    read = Page(page)
    assert read.wrong == []
    words = "".join(read.words)
    assert "Aucun acteur n'y est encore renseigné" in words
    assert "sur 0 acteur" not in words
    assert not re.search(r"\b0 (ressource|besoin|flux)", words)
    # What only makes sense with actors is not there.
    ids = {attrs.get("id") for _, attrs in read.elements}
    assert not ids & {"map-candidate", "actor-table", "gap-kind", "candidate-type"}
    assert 'class="legend"' not in page
    assert 'class="bars"' not in page


def test_small_report_is_small(french):
    assert len(french.encode()) < 300_000


def test_card_alone_brings_its_style_and_leads_nowhere(diagnosis):
    from toolkit.report import facts_of
    from toolkit.report.html import fragment

    facts = facts_of(diagnosis, lang="fr")
    card = fragment("card", facts["candidates"][0], facts=facts, lang="fr")
    read = Page(card)
    assert read.wrong == []
    assert "Scierie Dubois" in "".join(read.words)
    assert read.all("a") == []
    assert read.all("button") == []
    style = re.search(r"<style>(.*?)</style>", card, flags=re.DOTALL).group(1)
    assert style.startswith(".fragment {")
    assert style.count("{") == style.count("}")


def test_legend_and_tables_leave_out_families_without_actor(diagnosis):
    from dataclasses import replace

    from toolkit import vocabulary as v

    def legend(page):
        return re.search(r'<div class="legend">.*?</div>', page, flags=re.DOTALL).group()

    actors = diagnosis.territory.table(v.ACTORS)
    few = diagnosis.territory.replace(
        **{v.ACTORS: actors[actors["family"] != "civil"], v.FLOWS: _empty(diagnosis, v.FLOWS)}
    )
    page = report_page(replace(diagnosis, territory=few), lang="fr")
    assert "Société civile" not in legend(page)
    assert "Flux" not in legend(page)
    assert "Secteur public" in legend(page)
    whole = legend(report_page(diagnosis, lang="fr"))
    assert "Société civile" in whole
    assert "Flux interne" in whole
    rows = re.search(r'<table class="communes">.*?</table>', page, flags=re.DOTALL).group()
    heads = rows.count('scope="col"')
    assert heads == 2 + 4 + 1
    assert {line.count("<td") for line in rows.split("<tr>")[2:]} == {heads - 1}


def _empty(diagnosis, table):
    return diagnosis.territory.table(table).head(0)


def test_card_says_why_first_and_asks_before_it_measures(french):
    card = re.search(r'<article class="card" id="candidate-1".*?</article>', french, re.DOTALL)
    said = card.group()
    order = [said.index(words) for words in (
        "Pourquoi ensemble", 'class="members"', "Où se retrouver", "Premières questions à poser",
        "Est-ce la meilleure composition", "Les huit critères du score",
    )]  # fmt: skip
    assert order == sorted(order)


def test_french_signs_stay_on_the_line_of_their_word(french):
    words = re.sub(r"<(script|style)\b.*?</\1>|srcdoc='[^']*'", "", french, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", "", words)
    assert not re.search(r" [:;?!»]|« ", text)
    assert "\u00a0:" in text
