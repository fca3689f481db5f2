"""The report in Chromium with the network cut: it draws, answers, and runs nothing but itself."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.enable_socket,
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("MAILLAGE_REQUIRE_BROWSER") != "1",
        reason="Chromium is not installed",
    ),
]


@pytest.fixture(scope="module")
def made():
    path = Path(__file__).resolve().parent.parent / "report" / "made_diagnosis.py"
    spec = importlib.util.spec_from_file_location("made_diagnosis", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault("made_diagnosis", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield started
        started.close()


class Watched:
    """A page with everything that must not happen on it."""

    def __init__(self, browser, *, width=1280):
        self.context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("request", self._request)
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("console", self._console)
        self.page.on("dialog", self._dialog)

    def _request(self, request):
        if not request.url.startswith(("file:", "data:", "about:")):
            self.wrong.append(f"request: {request.url}")

    def _console(self, message):
        if message.type in {"error", "warning"}:
            self.wrong.append(f"console: {message.text}")

    def _dialog(self, dialog):
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, path):
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-map=drawn]")
        return self.page.frame_locator("#map-frame")


@pytest.fixture
def watched(browser):
    page = Watched(browser)
    yield page
    page.context.close()
    assert page.wrong == []


@pytest.fixture(scope="module")
def report(made, tmp_path_factory):
    from toolkit.report import write_report

    return write_report(made.diagnosis(), tmp_path_factory.mktemp("r") / "rapport.html", lang="fr")


@pytest.fixture(scope="module")
def crowded(made, tmp_path_factory):
    """Seven more unmet needs, so that one kind has more gaps than are shown at first."""
    from dataclasses import replace

    import pandas as pd

    from toolkit.report import write_report

    diagnosis = made.diagnosis()
    gaps = diagnosis.gaps
    more = pd.concat([gaps.iloc[[0]]] * 7, ignore_index=True).assign(
        gap_id=[f"unmet_need:materials.wood.offcuts:unsized{i}" for i in range(7)],
        severity=[0.01 * (7 - i) for i in range(7)],
        confidence=[1.0] * 7,
    )
    findings = replace(diagnosis.findings, gaps=pd.concat([gaps, more], ignore_index=True))
    path = tmp_path_factory.mktemp("c") / "rapport.html"
    return write_report(replace(diagnosis, findings=findings), path, lang="fr")


@pytest.fixture(scope="module")
def hostile(made, tmp_path_factory):
    from toolkit.report import write_report

    name = "Val {{7*7}} </script><img src=x onerror=alert(9)>`${alert(8)}`"
    diagnosis = made.diagnosis(made.HOSTILE, name=name)
    return write_report(diagnosis, tmp_path_factory.mktemp("h") / "rapport.html", lang="fr")


def test_map_draws_offline_with_french_controls(watched, report):
    frame = watched.open(report)
    assert frame.locator("canvas").count() >= 2
    zoom = frame.locator(".leaflet-control-zoom-in")
    assert zoom.get_attribute("aria-label") == "Agrandir"
    layers = frame.locator(".leaflet-control-layers label").all_inner_texts()
    assert layers[0].strip() == "Périmètre\u00a0: Val d'Essai"
    assert len(layers) == 11
    for box in frame.locator(".leaflet-control-layers input").all():
        box.set_checked(True)
    assert "km" in frame.locator(".leaflet-control-scale-line").inner_text()


def test_candidate_is_shown_on_the_map_from_its_card(watched, report):
    frame = watched.open(report)
    watched.page.locator("#candidate-1 [data-show]").click()
    names = frame.locator(".member-name")
    names.first.wait_for()
    assert sorted(names.all_inner_texts()) == [
        "Lycée agricole du Val",
        "Mairie de Brissac-les-Bois",
        "Ressourcerie de l'Ambre",
        "Scierie Dubois",
    ]
    watched.page.locator("#map-candidate").select_option("2")
    frame.locator(".member-name", has_text="Palettes & Cie").wait_for()
    names.nth(3).wait_for(state="detached")
    assert names.count() == 3
    watched.page.locator("#map-all").click()
    frame.locator(".member-name").first.wait_for(state="detached")


def test_gaps_are_filtered_and_sorted(watched, report):
    watched.open(report)
    page = watched.page
    rows = page.locator(".gap-table tbody tr:visible")
    assert rows.count() == 6
    assert page.locator("#gap-kinds tbody tr").count() == 6
    page.locator("#gap-kind").select_option("leak")
    assert rows.count() == 1
    assert page.locator("#gap-count").inner_text() == "Affichage\u00a0: 1 sur 6"
    page.locator("#gap-kind").select_option("")
    assert rows.first.get_attribute("id") == "gap-1"


def test_each_kind_shows_its_first_gaps_then_all(watched, crowded):
    watched.open(crowded)
    page = watched.page
    group = page.locator("#gaps-unmet_need")
    rows = group.locator("tbody tr:visible")
    assert rows.count() == 5
    assert page.locator("#gap-count").inner_text() == "Affichage\u00a0: 10 sur 13"
    page.locator("#gap-order").select_option("confidence")
    assert rows.first.get_attribute("data-confidence") == "1.0"
    assert rows.count() == 5
    page.locator("#gap-order").select_option("order")
    assert rows.first.get_attribute("id") == "gap-1"
    group.locator(".gap-more").click()
    assert rows.count() == 8
    assert not group.locator(".gap-more").is_visible()
    page.locator("#gap-all").click()
    assert rows.count() == 5
    page.evaluate("location.hash = '#gap-13'")
    page.locator("#gap-13 details[open]").wait_for()
    page.emulate_media(media="print")
    assert rows.count() == 5
    assert group.locator(".onlypaper").inner_text() == (
        "3 autres manques de ce type sont dans le fichier."
    )


def test_names_of_communes_are_shown_where_they_fit(watched, report):
    frame = watched.open(report)
    names = frame.locator(".place-name:visible")
    assert names.count() == 3
    for _ in range(5):
        before = frame.locator(".leaflet-control-scale-line").inner_text()
        frame.locator(".leaflet-control-zoom-out").click()
        frame.locator(f".leaflet-control-scale-line:not(:text-is('{before}'))").wait_for(
            state="attached"
        )
    watched.page.wait_for_timeout(400)
    assert names.count() < 3


def test_directory_finds_an_actor_and_its_point(watched, report):
    frame = watched.open(report)
    page = watched.page
    page.locator("#actor-search").fill("LYCEE")
    row = page.locator("#actor-table tbody tr")
    assert row.count() == 1
    row.locator("button").click()
    frame.locator(".leaflet-popup-content h2", has_text="Lycée agricole du Val").wait_for()
    assert frame.locator(".leaflet-popup-close-button").get_attribute("aria-label") == "Fermer"


def test_hidden_actors_come_last_in_the_directory(watched, report):
    from toolkit.views.words import folded

    watched.open(report)
    names = watched.page.locator("#actor-table tbody th").all_inner_texts()
    named = [name for name in names if name != "Acteur non diffusible"]
    assert len(names) > len(named) > 0
    assert names[: len(named)] == named
    assert named == sorted(named, key=lambda name: folded(name)[0])


@pytest.fixture(scope="module")
def stacked(made, tmp_path_factory):
    """Two actors with an address at one and the same point."""
    from dataclasses import replace

    from toolkit.report import write_report

    diagnosis = made.diagnosis()
    actors = diagnosis.territory.actors.copy()
    home = actors["actor_id"].isin(["A1", "A2"])
    points = actors.geometry.copy()
    points[home] = points[home].iloc[0]
    actors = actors.set_geometry(points).assign(
        located_by=actors["located_by"].mask(home, "address"),
    )
    moved = replace(diagnosis, territory=diagnosis.territory.replace(actors=actors))
    return write_report(moved, tmp_path_factory.mktemp("s") / "rapport.html", lang="fr")


def test_points_at_the_same_place_lead_to_each_other(watched, stacked):
    page = watched.page
    page.emulate_media(reduced_motion="reduce")  # a page that still scrolls makes clicks miss
    frame = watched.open(stacked)
    page.locator("#actor-search").fill("Scierie Dubois")
    page.locator("#actor-table button").click()
    popup = frame.locator(".leaflet-popup-content")
    popup.get_by_text("Au même endroit").wait_for()
    assert "Adresse non connue" not in popup.inner_text()
    popup.locator("button", has_text="Ressourcerie de l'Ambre").click()
    frame.locator(".leaflet-popup-content h2", has_text="Ressourcerie de l'Ambre").wait_for()


def test_click_on_a_commune_tells_what_it_is_and_the_map_what_is_vague(watched, report):
    frame = watched.open(report)
    page = watched.page
    page.locator("#map-frame").scroll_into_view_if_needed()
    inside = page.locator("#map-frame").element_handle().content_frame()
    x, y = inside.evaluate("""() => {
      const shapes = Object.values(map_maillage._layers);
      const commune = shapes.find((one) => one.getBounds && one.options.fill).getBounds();
      const corner = map_maillage.latLngToContainerPoint(commune.getNorthWest());
      return [corner.x + 6, corner.y + 8];
    }""")
    frame.locator("#map_maillage").click(position={"x": x, "y": y})
    frame.locator(".leaflet-popup-content h2", has_text="Ambreval").wait_for()
    assert "1\u202f000 habitants" in frame.locator(".leaflet-popup-content").inner_text()
    page.locator("#actor-search").fill("Scierie Dubois")
    page.locator("#actor-table button").click()
    frame.locator(".leaflet-popup-content", has_text="Adresse non connue").wait_for()
    assert page.locator(".legend .hollow").count() == 1


def test_chosen_candidate_stands_out(watched, report):
    frame = watched.open(report)
    inside = frame.locator(".leaflet-overlay-pane")
    watched.page.locator("#map-candidate").select_option("1")
    frame.locator(".leaflet-lit-pane path").first.wait_for(state="attached")
    assert float(inside.evaluate("pane => pane.style.opacity")) < 0.5
    watched.page.locator("#map-all").click()
    frame.locator(".leaflet-lit-pane path").first.wait_for(state="detached")
    assert inside.evaluate("pane => pane.style.opacity") == "1"


def test_report_of_a_new_territory_opens_without_fault(watched, made, tmp_path):
    import toolkit as tk
    from toolkit.report import write_report
    from toolkit.territory import Territory

    communes = made.diagnosis().territory.communes
    bare = Territory.from_tables({"communes": communes}, name="Nu")
    path = write_report(tk.diagnose(bare), tmp_path / "nu.html", lang="fr")
    frame = watched.open(path)
    assert frame.locator("canvas").count() == 1
    watched.page.locator("#map-all").click()


def test_link_opens_what_is_folded(watched, report):
    watched.open(report)
    page = watched.page
    page.locator("#candidate-1 a[href='#gap-1']").click()
    page.locator("#gap-1 details[open]").wait_for()


@pytest.mark.parametrize("width", [1280, 390])
def test_page_never_scrolls_sideways(browser, hostile, width):
    watched = Watched(browser, width=width)
    watched.open(hostile)
    size = watched.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    cells = watched.page.locator("#gap-kinds td:visible, .gap-table td:visible").all()
    tallest = max(cell.evaluate("cell => cell.offsetHeight") for cell in cells)
    watched.context.close()
    assert size[0] <= size[1]
    assert tallest < 250
    assert watched.wrong == []


def test_hostile_names_are_letters_in_table_card_popup_and_layer(watched, hostile, made):
    frame = watched.open(hostile)
    page = watched.page
    for box in frame.locator(".leaflet-control-layers input").all():
        box.set_checked(True)
    layer = frame.locator(".leaflet-control-layers label").first.inner_text()
    assert "Val {{7*7}} </script><img src=x onerror=alert(9)>`${alert(8)}`" in layer
    cards = page.locator("#candidate-1").inner_text()
    for actor in ("A1", "A2", "A3", "A4"):
        name = made.HOSTILE[actor]
        assert name in cards
        page.locator("#actor-search").fill(name)
        row = page.locator("#actor-table tbody tr")
        assert row.count() == 1
        assert row.locator("th").inner_text() == name
        row.locator("button").click()
        title = frame.locator(".leaflet-popup-content h2", has_text=name)
        title.wait_for()
        assert title.inner_text() == name
    page.locator("#candidate-1 [data-show]").click()
    frame.locator(".member-name", has_text=made.HOSTILE["A3"]).wait_for()
    page.locator("#actor-search").fill("=HYPERLINK")
    text = page.locator("#actor-table tbody th").evaluate("cell => cell.textContent")
    assert text == made.HOSTILE["A5"]
    page.locator("#actor-search").fill("gnihton")
    text = page.locator("#actor-table tbody th").evaluate("cell => cell.textContent")
    assert text == made.HOSTILE["A6"]
    assert page.evaluate("document.images.length") == 0


def test_policy_stops_code_that_got_in_all_the_same(browser, report, tmp_path):
    page = report.read_text(encoding="utf-8")
    bad = "<img src='data:,' onerror='document.title=\"run\"'><script>document.title='run'</script>"
    path = tmp_path / "bad.html"
    path.write_text(page.replace("<main", bad + "<main", 1), encoding="utf-8")
    watched = Watched(browser)
    watched.open(path)
    title = watched.page.title()
    watched.context.close()
    assert title != "run"
    assert any("Content Security Policy" in line for line in watched.wrong)
    assert not any(line.startswith("request") for line in watched.wrong)


def test_report_without_scripts_still_says_everything(browser, report):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator("svg.still").is_visible()
    assert page.locator(".gap-table tbody tr:visible").count() == 6
    assert not page.locator("#map-frame").is_visible()
    context.close()


def test_print_has_the_still_map_and_page_numbers(watched, report, tmp_path):
    watched.open(report)
    path = tmp_path / "rapport.pdf"
    watched.page.pdf(path=str(path), prefer_css_page_size=True)
    assert path.stat().st_size > 10_000
    watched.page.emulate_media(media="print")
    assert watched.page.locator("svg.still").is_visible()
    assert not watched.page.locator("#map-frame").is_visible()
    assert not watched.page.locator("nav").is_visible()


def test_notebook_map_draws_from_its_own_data(browser, made, tmp_path):
    from toolkit.views.maps import map_of

    path = tmp_path / "cell.html"
    shown = map_of(made.diagnosis(made.HOSTILE), lang="en")._repr_html_()
    path.write_text(f"<!DOCTYPE html><meta charset='utf-8'>{shown}", encoding="utf-8")
    watched = Watched(browser)
    watched.page.goto(path.as_uri())
    frame = watched.page.frame_locator("iframe")
    frame.locator("html[data-drawn=yes]").wait_for(state="attached")
    assert frame.locator(".leaflet-control-zoom-in").get_attribute("aria-label") == "Zoom in"
    assert frame.locator("canvas").count() >= 2
    watched.context.close()
    assert watched.wrong == []
