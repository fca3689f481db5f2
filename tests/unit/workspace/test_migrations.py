# ruff: noqa: E501 - SQL of an old version, as it was
"""Databases of every schema that was ever in the field open; newer ones are refused."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3

import pyogrio
import pytest

from toolkit.errors import WorkspaceError
from toolkit.workspace import Workspace, migrations
from toolkit.workspace.geopackage import encode
from toolkit.workspace.layers import LINKAGE_LAYERS, MODEL_LAYERS

SQUARE = "POLYGON ((1.7 46.4, 1.9 46.4, 1.9 46.6, 1.7 46.6, 1.7 46.4))"

VERSION_0 = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84', 4326, 'EPSG', 4326,
  'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4326"]]', '');
INSERT INTO gpkg_spatial_ref_sys VALUES ('c', -1, 'NONE', -1, 'undefined', ''), ('g', 0, 'NONE', 0, 'undefined', '');
CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT '2025-01-01T00:00:00.000Z',
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  PRIMARY KEY (table_name, column_name));
CREATE TABLE communes (fid INTEGER PRIMARY KEY AUTOINCREMENT, geom MULTIPOLYGON, commune_id TEXT, name TEXT,
  population REAL, epci_id TEXT, cog_year INTEGER, basis TEXT, source_id TEXT);
CREATE TABLE actors (fid INTEGER PRIMARY KEY AUTOINCREMENT, geom POINT, actor_id TEXT, name TEXT, family TEXT,
  commune_id TEXT, latitude REAL, longitude REAL, basis TEXT, source_id TEXT);
CREATE TABLE resources (fid INTEGER PRIMARY KEY AUTOINCREMENT, resource_id TEXT, actor_id TEXT, category TEXT);
CREATE TABLE needs (fid INTEGER PRIMARY KEY AUTOINCREMENT, need_id TEXT, actor_id TEXT, category TEXT);
CREATE TABLE flows (fid INTEGER PRIMARY KEY AUTOINCREMENT, flow_id TEXT, nature TEXT, origin TEXT, destination TEXT, basis TEXT);
CREATE TABLE cooperations (fid INTEGER PRIMARY KEY AUTOINCREMENT, cooperation_id TEXT, name TEXT);
CREATE TABLE members (fid INTEGER PRIMARY KEY AUTOINCREMENT, cooperation_id TEXT, actor_id TEXT);
CREATE TABLE practices (fid INTEGER PRIMARY KEY AUTOINCREMENT, practice_id TEXT, title TEXT);
CREATE TABLE sources (fid INTEGER PRIMARY KEY AUTOINCREMENT, source_id TEXT, title TEXT);
CREATE TABLE decisions (fid INTEGER PRIMARY KEY AUTOINCREMENT, decision_id TEXT, candidate_id TEXT, decision TEXT,
  who TEXT, decided_at TEXT);
INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('communes', 'features', 'communes', 4326),
  ('actors', 'features', 'actors', 4326);
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('resources', 'attributes', 'resources'),
  ('needs', 'attributes', 'needs'), ('flows', 'attributes', 'flows'), ('cooperations', 'attributes', 'cooperations'),
  ('members', 'attributes', 'members'), ('practices', 'attributes', 'practices'), ('sources', 'attributes', 'sources'),
  ('decisions', 'attributes', 'decisions');
INSERT INTO gpkg_geometry_columns VALUES ('communes', 'geom', 'MULTIPOLYGON', 4326, 0, 0), ('actors', 'geom', 'POINT', 4326, 0, 0);
INSERT INTO actors (actor_id, name, family, commune_id, basis) VALUES ('A1', 'L''Atelier', 'ess', '99001', 'observed'),
  ('A2', 'Mairie', 'public', '99001', 'observed');
UPDATE actors SET latitude = 46.5, longitude = 1.75 WHERE actor_id = 'A2';
INSERT INTO flows (flow_id, nature, origin, destination, basis) VALUES ('F1', 'service', 'A1', 'A2', 'observed');
INSERT INTO decisions (decision_id, candidate_id, decision, who, decided_at)
  VALUES ('D00001', 'P1', 'accepted', 'Ana', '2025-01-01T00:00:00Z');
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10200;
"""

PINNED = {1: "d8a32bd5271e", 2: "51869c3d1f68", 3: "b513ed9512dc"}
"""Start of the fingerprint of the schema of each version that was released."""


@pytest.fixture
def old(folder):
    """Return the folder of a territory with a database of version 0."""
    import shapely

    path = folder / "territoire.gpkg"
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_0)
        connection.execute(
            "INSERT INTO communes (geom, commune_id, name, population, cog_year, basis) VALUES (?, ?, ?, ?, ?, ?)",
            (encode([shapely.from_wkt(SQUARE)])[0], "99001", "Ambreval", 1000.0, 2026, "recorded"),
        )
        connection.commit()
    return folder


def columns(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {
            table: {(row[1], row[2]) for row in connection.execute(f"PRAGMA table_info({table})")}
            for table in [
                *MODEL_LAYERS,
                *LINKAGE_LAYERS,
                "journal",
                "maillage",
                "gaps",
                "evidence",
                "partnerships",
                "roles",
                "layer_styles",
            ]
        }


def test_old_database_is_brought_up_to_date(old, clock):
    workspace = Workspace(old, now=clock)
    territory = workspace.territory()
    assert territory.actors["name"].tolist() == ["L'Atelier", "Mairie"]
    assert territory.actors["located_by"].tolist() == ["commune", "address"]
    assert territory.decisions["who"].tolist() == ["Ana"]
    journal = workspace.journal()
    assert journal["action"].tolist() == ["migration"] * 3
    assert journal["after"].tolist() == ['{"value": 1}', '{"value": 2}', '{"value": 3}']
    assert workspace.decide("P2", decision="accepted") == "D00002"
    assert dict(pyogrio.list_layers(workspace.database))["flows"] == "LineString"


def dump(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_database_as_it_was_is_kept_beside(old):
    before = dump(old / "territoire.gpkg")
    workspace = Workspace(old)
    assert workspace.backup.name == "territoire.avant-migration-0.gpkg"
    assert dump(workspace.backup) == before
    assert Workspace(old).backup is None


def test_earlier_backup_is_not_overwritten(old):
    (old / "territoire.avant-migration-0.gpkg").write_bytes(b"precieux")
    assert Workspace(old).backup.name == "territoire.avant-migration-0-2.gpkg"
    assert (old / "territoire.avant-migration-0.gpkg").read_bytes() == b"precieux"


def test_updated_schema_is_that_of_a_new_database(old, made):
    Workspace(old)
    assert columns(old / "territoire.gpkg") == columns(made / "territoire.gpkg")


def test_migration_that_fails_leaves_the_old_database(old, monkeypatch):
    def fail(connection, *, lang, at):
        migrations._from_0(connection, lang=lang, at=at)
        raise KeyError(at)

    before = (old / "territoire.gpkg").read_bytes()
    monkeypatch.setattr(migrations, "STEPS", (fail,))
    with pytest.raises(KeyError):
        Workspace(old)
    assert (old / "territoire.gpkg").read_bytes() == before


def test_a_database_of_version_1_gets_records_and_links(folder, clock):
    path = folder / "territoire.gpkg"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for table in LINKAGE_LAYERS:
            connection.execute(f"DROP TABLE {table}")
            for catalogue in ("gpkg_contents", "gpkg_geometry_columns"):
                connection.execute(f"DELETE FROM {catalogue} WHERE table_name = ?", (table,))
        connection.execute("UPDATE maillage SET value = '1'")
        connection.commit()
    workspace = Workspace(folder, now=clock)
    assert workspace.links().empty
    assert workspace.conflicts().empty
    assert workspace.backup.name.endswith("1.gpkg")
    assert set(dict(pyogrio.list_layers(workspace.database))) >= set(LINKAGE_LAYERS)


def test_a_database_of_version_2_gets_the_other_activities(folder, made, clock):
    """Of a style that people changed in QGIS nothing but the header of the new column is added."""
    path = folder / "territoire.gpkg"
    styles = "SELECT styleQML FROM layer_styles WHERE f_table_name = 'actors'"
    alias = '<alias field="other_activities" name="Autres activités (codes NAF)" />'
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for table in ("actors", "records"):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN other_activities")
        connection.execute(
            "UPDATE layer_styles SET styleQML = replace(replace(styleQML, ?, ''), 'qgis', 'qgis own')",
            (alias,),
        )
        connection.execute("UPDATE maillage SET value = '2'")
        connection.commit()
        (before,) = connection.execute(styles).fetchone()
        assert "other_activities" not in before
    workspace = Workspace(folder, now=clock)
    assert workspace.backup.name.endswith("2.gpkg")
    assert columns(path) == columns(made / "territoire.gpkg")
    assert workspace.tables()["actors"]["other_activities"].isna().all()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (after,) = connection.execute(styles).fetchone()
    assert after.count(alias) == 1
    assert after.replace(alias, "") == before


def test_newer_database_is_refused(folder):
    with contextlib.closing(sqlite3.connect(folder / "territoire.gpkg")) as connection:
        connection.execute("UPDATE maillage SET value = '99'")
        connection.commit()
    with pytest.raises(WorkspaceError) as error:
        Workspace(folder)
    assert error.value.code == "workspace_newer"
    assert "99" in str(error.value)


def test_a_change_of_the_model_raises_the_version(made):
    """If this fails, a contract changed: raise SCHEMA_VERSION, write the step, pin the new print."""
    found = columns(made / "territoire.gpkg")
    tables = [*MODEL_LAYERS, *LINKAGE_LAYERS, "journal", "maillage"]
    told = repr([(table, sorted(found[table])) for table in tables])
    fingerprint = hashlib.sha256(told.encode()).hexdigest()[:12]
    assert fingerprint == PINNED[migrations.SCHEMA_VERSION]
