"""How QGIS draws the layers: shipped styles, in the officer's words, kept in the database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

# The only XML read here is our own, shipped with the package.
from xml.etree import ElementTree as ET

from toolkit.language import column_label, has_text, text
from toolkit.resources import shipped
from toolkit.workspace import geopackage
from toolkit.workspace.layers import GEOMETRY_COLUMN, MODEL_LAYERS, RESULT_LAYERS, Layer

if TYPE_CHECKING:
    import sqlite3

STYLES: Final = "layer_styles"
"""Table in which QGIS looks for the style of a layer (default style, by table and geometry)."""
_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"


def write(connection: sqlite3.Connection, *, lang: str, at: str) -> None:
    """Put the style of each layer into the database, in the open transaction.

    Parameters
    ----------
    connection : sqlite3.Connection
        In a transaction, on a GeoPackage without styles.
    lang : str
        Language of the legends and of the headers of columns.
    at : str
        Time of the styles (ISO 8601, UTC).
    """
    connection.execute(geopackage.STYLES_SQL)
    geopackage.register(connection, STYLES, label=STYLES, at=at)
    for layer in (*MODEL_LAYERS.values(), *RESULT_LAYERS.values()):
        connection.execute(
            f"INSERT INTO {STYLES} (f_table_catalog, f_table_schema, "  # noqa: S608
            "f_table_name, f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, "
            "description, owner, ui, update_time) "
            "VALUES ('', '', ?, ?, ?, ?, '', 1, ?, '', NULL, ?)",
            (
                layer.table,
                GEOMETRY_COLUMN if layer.geometry else "",
                layer.table,
                qml(layer, lang=lang),
                text("workspace.style.description", lang=lang),
                geopackage.moment(at),
            ),
        )


def qml(layer: Layer, *, lang: str) -> str:
    """Return the style of a layer as QGIS reads it.

    The legend of the shipped style holds keys of texts, put into words here; columns get the
    headers of the workbook.  Layers are read-only in QGIS: a change made there would not be in the
    journal.

    Parameters
    ----------
    layer : Layer
        A layer of the database; those without geometry get a style of headers only.
    lang : str
        ``fr`` or ``en``.

    Examples
    --------
    >>> "Économie sociale" in qml(MODEL_LAYERS["actors"], lang="fr")
    True
    """
    if layer.geometry:
        source = shipped("templates", "qgis", f"{layer.table}.qml").read_text(encoding="utf-8")
        root = ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", source))  # noqa: S314 - our own file
    else:
        root = ET.Element("qgis", {"version": "3.22.0", "readOnly": "1"})
        root.set("styleCategories", "LayerConfiguration|Fields")
    for category in root.iter("category"):
        key = category.get("label", "")
        category.set("label", text(key, lang=lang) if has_text(key, lang=lang) else key)
    aliases = ET.SubElement(root, "aliases")
    for column in layer.kinds:
        label = column_label(layer.table, column, lang=lang)
        ET.SubElement(aliases, "alias", {"field": column, "name": label if label != column else ""})
    ET.indent(root)
    return _DOCTYPE + ET.tostring(root, encoding="unicode") + "\n"
