"""The only module that imports folium: a map without network, in which data are never code.

folium lays out the map, its layers and their control.  The data do not pass through its templates,
which read rendered text as a template again: they are put into the finished page as an inert block
of JSON, and ``templates/report/map.js`` draws them.  The same goes for Leaflet itself, which folium
would fetch from the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from toolkit.errors import Problem, ReportError
from toolkit.language import enum_label, text
from toolkit.privacy import public_diagnosis
from toolkit.resources import asset_text, shipped
from toolkit.views import blocks
from toolkit.views.layers import layer_sizes, map_data
from toolkit.views.palette import shape_svg
from toolkit.vocabulary import FAMILIES

if TYPE_CHECKING:
    from toolkit.diagnosis import Diagnosis

DATA_ID: Final = "maillage-data"
REPLACED: Final[dict[str, str | None]] = {
    "leaflet": "leaflet.js",
    "leaflet_css": "leaflet.css",
    "jquery": None,
    "bootstrap": None,
    "awesome_markers": None,
    "bootstrap_css": None,
    "glyphicons_css": None,
    "awesome_markers_font_css": None,
    "awesome_markers_css": None,
    "awesome_rotate_css": None,
}
"""For each file that folium would fetch: the asset in its place, None if it is not needed.

folium asks for jQuery in its popups and for Bootstrap and the rest in its icons; popups and marks
are drawn by ``map.js`` here.
"""
_HEAD: Final = "<!-- maillage head -->"
_BODY: Final = "<!-- maillage data -->"
_VIEWPORT: Final = re.compile(r'<meta name="viewport".*?/>', re.DOTALL)
_MAX_ZOOM: Final = 18


class OfflineFigure(Figure):
    """A page that carries all it needs; data and libraries are put in after the templates ran."""

    def __init__(self, *, lang: str, title: str, data: dict[str, Any] | None) -> None:
        super().__init__(height="560px", title=blocks.html_text(title))
        self.lang = lang
        self.data = data

    def render(self, **kwargs: Any) -> str:  # noqa: ANN401 - as wide as branca's own
        """Return the page."""
        page = str(super().render(**kwargs))
        page = _VIEWPORT.sub(
            '<meta name="viewport" content="width=device-width, initial-scale=1">', page, count=1
        )
        page = page.replace("<html>", f'<html lang="{self.lang}">', 1)
        # The script comes after </body> in branca's page; HTML wants it inside.
        page = page.replace("</body>", "", 1).replace("</html>", "</body>\n</html>", 1)
        page = "\n".join(line.strip() for line in page.splitlines() if line.strip())
        data = blocks.data_block(self.data, name=DATA_ID) if self.data is not None else ""
        page = page.replace(_BODY, data, 1)
        head = "".join(_head())
        return page.replace(_HEAD, blocks.policy_tag(head, page) + head, 1)


def _head() -> Iterator[str]:
    """Yield the styles and scripts of a map."""
    yield blocks.style_block(asset_text("leaflet.css"))
    yield blocks.style_block(shipped("templates", "report", "map.css").read_text(encoding="utf-8"))
    yield blocks.script_block(asset_text("leaflet.js"))
    yield blocks.script_block(shipped("templates", "report", "map.js").read_text(encoding="utf-8"))


class OfflineMap(folium.Map):
    """A folium map that asks the network for nothing."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium reads it as a class list
    default_css: list[tuple[str, str]] = []  # noqa: RUF012


class _Drawing(MacroElement):
    """Hands the map and its layers to ``map.js``; holds nothing but names made here."""

    _template = Template(
        "{% macro header(this, kwargs) %}" + _HEAD + "{% endmacro %}"
        "{% macro html(this, kwargs) %}" + _BODY + "{% endmacro %}"
        "{% macro script(this, kwargs) %}"
        "Maillage.start({{ this._parent.get_name() }}, "
        "{ {% for key, name in this.layers.items() %}{{ key }}: {{ name }}, {% endfor %} });"
        "{% endmacro %}"
    )

    def __init__(self, layers: dict[str, str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name, self._id = "Drawing", "maillage"
        self.layers = layers


def check_replaced(*classes: type) -> None:
    """Refuse folium classes that would fetch a file for which there is no asset.

    Raises
    ------
    ReportError
        If any file of the classes is unknown; all of them at once.
    """
    wanted = [
        name
        for kind in classes
        for name, _ in (*getattr(kind, "default_js", ()), *getattr(kind, "default_css", ()))
    ]
    unknown = sorted(set(wanted) - set(REPLACED))
    if unknown:
        raise ReportError([Problem("asset_unknown", found=name) for name in unknown])


def map_of(diagnosis: Diagnosis, *, lang: str | None = None) -> folium.Map:
    """Return the map of a diagnosis, to look at in a notebook or to save.

    What may not be published is hidden in it, as in a report.

    Parameters
    ----------
    diagnosis : Diagnosis
        What to show.
    lang : str, optional
        ``fr`` or ``en``; the language of the settings by default.

    Returns
    -------
    folium.Map
        Needs no network, in JupyterLab or saved.

    Examples
    --------
    >>> map_of(diagnosis)  # doctest: +SKIP
    """
    lang = lang or diagnosis.settings.language
    public = public_diagnosis(diagnosis, lang=lang).diagnosis
    return build_map(public, lang=lang, data=map_data(public, lang=lang))


def build_map(diagnosis: Diagnosis, *, lang: str, data: dict[str, Any] | None) -> folium.Map:
    """Return a map with its layers; without data it waits for its page to send them.

    Parameters
    ----------
    diagnosis : Diagnosis
        Already fit for publication.
    lang : str
        ``fr`` or ``en``.
    data : dict or None
        What :func:`toolkit.views.layers.map_data` returns.
    """
    check_replaced(folium.Map, folium.FeatureGroup, folium.LayerControl)
    west, south, east, north = diagnosis.territory.communes.total_bounds
    made = OfflineMap(
        location=[round(float(south + north) / 2, 5), round(float(west + east) / 2, 5)],
        tiles=None,
        control_scale=True,
        prefer_canvas=True,
        zoom_start=10,
        maxZoom=_MAX_ZOOM,
        zoomSnap=0.25,
        attributionControl=False,
    )
    _identify(made, "maillage")
    title = text("map.title", lang=lang, territory=diagnosis.territory.name)
    OfflineFigure(lang=lang, title=title, data=data).add_child(made)
    layers = {}
    for key, name, shown in _layer_names(diagnosis, lang=lang):
        group = folium.FeatureGroup(name=name, show=shown)
        _identify(group, key)
        group.add_to(made)
        layers[key] = group.get_name()
    control = folium.LayerControl(collapsed=False)
    _identify(control, "maillage")
    control.add_to(made)
    _Drawing(layers).add_to(made)
    return made


def _identify(element: Element, name: str) -> None:
    """Give an element a name of ours in place of a random one: the same map is the same bytes."""
    element._id = name  # noqa: SLF001 - branca has no other way


def _layer_names(diagnosis: Diagnosis, *, lang: str) -> Iterator[tuple[str, str, bool]]:
    """Yield key, encoded name and whether it is shown at first, for each layer from below.

    A layer that holds nothing is left out.
    """
    territory = diagnosis.territory
    yield (
        "communes",
        blocks.html_text(text("layer.communes", lang=lang, territory=territory.name)),
        True,
    )
    sizes = layer_sizes(diagnosis)
    flows = text("layer.flows", lang=lang, count=sizes["flows"])
    names = {
        "access": text("layer.access", lang=lang),
        "flows": flows,
        "cooperations": text("layer.cooperations", lang=lang),
    }
    for key, name in names.items():
        if sizes[key]:
            yield key, _marked(key, name), False
    for family in FAMILIES:
        if sizes[family]:
            yield family, _family_name(family, count=sizes[family], lang=lang), True
    for key in ("gaps", "candidates"):
        if sizes[key]:
            yield key, _marked(key, text(f"layer.{key}", lang=lang)), False


_MARKS: Final = {
    "access": '<path d="M1 12V2h4v10z" fill="#fbe3d6"/><path d="M5 12V2h4v10z" fill="#dd7f6c"/>'
    '<path d="M9 12V2h4v10z" fill="#7f1d2d"/>',
    "flows": '<path d="M0 3h14" stroke="#5c6b0a"/><path d="M0 7h14" stroke="#0b7285" '
    'stroke-dasharray="5 3"/><path d="M0 11h14" stroke="#a61e4d" stroke-dasharray="2 2"/>',
    "cooperations": '<path d="M0 11L14 3" stroke="#3d4852"/>',
    "gaps": '<circle cx="7" cy="7" r="5" fill="#fff" stroke="#9b1c31"/>',
    "candidates": '<path d="M2 12L7 4L13 10" fill="none" stroke="#14545f"/>',
}
"""What the lines, rings and shades of a layer look like, beside its name."""


def _marked(key: str, name: str) -> str:
    """Return the encoded name of a layer after a drawing of what it shows."""
    drawing = f'<svg width="14" height="14" stroke-width="2" aria-hidden="true">{_MARKS[key]}</svg>'
    return f"{drawing} {blocks.html_text(name)}"


def _family_name(family: str, *, count: int, lang: str) -> str:
    """Return the mark of a family and the encoded name of its layer."""
    shape = shape_svg(family, x=7, y=7, radius=5)
    mark = f'<svg width="14" height="14" aria-hidden="true">{shape}</svg>'
    label = enum_label("family", family, lang=lang)
    return f"{mark} {blocks.html_text(text('layer.count', lang=lang, label=label, count=count))}"


def map_page(diagnosis: Diagnosis, *, lang: str) -> str:
    """Return the page of a map that waits for its data, for the frame of a report.

    Parameters
    ----------
    diagnosis : Diagnosis
        Already fit for publication.
    lang : str
        ``fr`` or ``en``.
    """
    return str(build_map(diagnosis, lang=lang, data=None).get_root().render())
