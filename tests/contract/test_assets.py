"""The vendored browser files: what they are, unchanged, and asking for nothing outside."""

import hashlib
import re

import pytest

from toolkit.resources import ShippedFileError, asset_bytes, asset_text, shipped

LISTED = {
    cells[0]: dict(
        zip(("package", "version", "licence", "copyright", "sha256"), cells[1:], strict=True)
    )
    for line in asset_text("LICENSES.md").splitlines()
    if line.startswith("| ") and not line.startswith("| file")
    for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
}
SCRIPTS = sorted(name for name in LISTED if name.endswith(".js"))
STYLES = sorted(name for name in LISTED if name.endswith(".css"))
# Written in the files but never asked for: names of XML languages, and the project's own link.
HARMLESS = {"http://www.w3.org/2000/svg", "https://leafletjs.com"}


def code_of(name):
    """Return a file without its comments at the start of a line."""
    return re.sub(r"(?m)^\s*/\*.*?\*/", "", asset_text(name), flags=re.DOTALL)


def test_every_file_is_listed_and_every_listed_file_is_there():
    folder = shipped("toolkit", "assets")
    there = {path.name for path in folder.iterdir() if path.is_file()}
    assert there == {*LISTED, "LICENSES.md"}
    assert SCRIPTS == ["jquery.js", "leaflet-icons.js", "leaflet.js", "markercluster.js"]
    assert STYLES == ["leaflet.css", "markercluster.css"]


@pytest.mark.parametrize("name", sorted(LISTED))
def test_bytes_are_the_ones_that_were_checked(name):
    assert hashlib.sha256(asset_bytes(name)).hexdigest() == LISTED[name]["sha256"]


@pytest.mark.parametrize("name", sorted(LISTED))
def test_licence_is_stated_in_full(name):
    row = LISTED[name]
    assert row["copyright"].startswith("Copyright")
    assert f"## {row['package']} {row['version']}\n" in asset_text("LICENSES.md")
    if name != "leaflet-icons.js":  # pictures only; leaflet.js beside it carries the text
        assert "WITHOUT WARRANTY" in asset_text(name) or "AS IS" in asset_text(name)
    assert asset_text(name).startswith("/*!")


@pytest.mark.parametrize("name", sorted(LISTED))
def test_nothing_outside_is_asked_for(name):
    addresses = set(re.findall(r"https?://[^\s\"'`)<>\\]+", code_of(name)))
    assert addresses <= HARMLESS
    assert not re.search(r"[\"'(]//[a-z0-9-]+\.[a-z]", code_of(name)), "address without scheme"
    assert "sourceMappingURL" not in asset_text(name)
    assert "@import" not in asset_text(name)


@pytest.mark.parametrize("name", STYLES)
def test_pictures_are_inside_the_style_sheet(name):
    for address in re.findall(r"url\(([^)]*)\)", asset_text(name)):
        assert address.startswith(("data:image/png;base64,", "#")), address


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_can_stand_inside_a_page(name):
    text = asset_text(name)
    assert "</script" not in text.lower()
    assert "<!--" not in text
    assert text.endswith("\n"), "what is put after it would join its last line"


def test_marker_pictures_are_handed_to_leaflet():
    text = asset_text("leaflet-icons.js")
    for option in ("iconUrl", "iconRetinaUrl", "shadowUrl"):
        assert f'"{option}": "data:image/png;base64,' in text


def test_whole_set_stays_small():
    assert sum(len(asset_bytes(name)) for name in LISTED) < 320_000


def test_missing_asset_is_named():
    with pytest.raises(ShippedFileError, match=r"nowhere\.js"):
        asset_bytes("nowhere.js")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        shipped("data", "nowhere")
