"""How QGIS draws the layers: shipped styles, in the officer's words, kept in the database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

# The only XML read here is our own, shipped with the package.
from xml.etree import ElementTree as ET

from toolkit import crs
from toolkit import vocabulary as v
from toolkit.language import column_label, has_text, table_label, text
from toolkit.resources import shipped
from toolkit.workspace import geopackage
from toolkit.workspace.layers import (
    GAPS,
    GEOMETRY_COLUMN,
    MODEL_LAYERS,
    PARTNERSHIPS,
    RESULT_LAYERS,
    Layer,
)

if TYPE_CHECKING:
    import sqlite3

STYLES: Final = "layer_styles"
"""Table in which QGIS looks for the style of a layer (default style, by table and geometry)."""
_DRAWN: Final = (v.ACTORS, GAPS, PARTNERSHIPS, v.FLOWS, v.COMMUNES)
"""Layers of the map, the topmost first."""
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


def add_header(connection: sqlite3.Connection, table: str, *, column: str, lang: str) -> None:
    """Give a new column of a layer its header in the style that is kept; the rest stays as it is.

    Parameters
    ----------
    connection : sqlite3.Connection
        In a transaction.
    table : str
        Table of the layer; one without style is left alone.
    column : str
        Name of the column.
    lang : str
        ``fr`` or ``en``.
    """
    alias = ET.Element("alias", {"field": column, "name": column_label(table, column, lang=lang)})
    connection.execute(
        f"UPDATE {STYLES} SET styleQML = replace(styleQML, '<aliases>', '<aliases>' || ?) "  # noqa: S608
        "WHERE f_table_name = ?",
        (ET.tostring(alias, encoding="unicode"), table),
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


def layer_definition(name: str, *, lang: str, database: str) -> str:
    """Return a file that QGIS opens as a group of layers, named and styled, drawn in a good order.

    QGIS names a layer of a database by its table, in English; this file names it in the officer's
    language.

    Parameters
    ----------
    name : str
        Name of the group: the territory's.
    lang : str
        ``fr`` or ``en``.
    database : str
        Name of the GeoPackage, which lies in the same folder.
    """
    import pyproj  # noqa: PLC0415 - slow, needed once in the life of a workspace

    authority = pyproj.CRS.from_epsg(crs.STORAGE_EPSG).to_authority() or ()
    root = ET.Element("qlr")
    tree = ET.SubElement(root, "layer-tree-group", {"name": "", "checked": "Qt::Checked"})
    group = ET.SubElement(
        tree, "layer-tree-group", {"name": name, "checked": "Qt::Checked", "expanded": "1"}
    )
    layers = ET.SubElement(root, "maplayers")
    for table in _DRAWN:
        layer = {**MODEL_LAYERS, **RESULT_LAYERS}[table]
        source, label = f"./{database}|layername={table}", table_label(table, lang=lang)
        given = {"id": f"maillage_{table}", "name": label, "source": source, "providerKey": "ogr"}
        ET.SubElement(
            group, "layer-tree-layer", {**given, "checked": "Qt::Checked", "expanded": "0"}
        )
        style = ET.fromstring(qml(layer, lang=lang).removeprefix(_DOCTYPE))  # noqa: S314 - our own
        shown = ET.SubElement(layers, "maplayer", {**style.attrib, "type": "vector"})
        for tag, words in (
            ("id", given["id"]),
            ("datasource", source),
            ("layername", label),
            ("provider", "ogr"),
        ):
            ET.SubElement(shown, tag).text = words
        system = ET.SubElement(ET.SubElement(shown, "srs"), "spatialrefsys")
        ET.SubElement(system, "authid").text = ":".join(authority)
        shown.extend(style)
    ET.indent(root)
    return "<!DOCTYPE qgis-layer-definition>\n" + ET.tostring(root, encoding="unicode") + "\n"
