"""Contacts and names of persons stay in the files: variants of real files with these columns back.

The files of ``../shared/data`` have lost their contacts; here every column that the sources publish
stands again, with cells that can be looked for in all that the tool writes.
"""

from __future__ import annotations

import contextlib
import csv
import sqlite3
import zipfile

import pytest

from toolkit import cli
from toolkit.language import problem_text
from toolkit.sources.catalogue import load_files
from toolkit.workspace import Workspace

pytest.importorskip("duckdb")
pytestmark = pytest.mark.shared

SECRETS = {
    "mail": "canari.secret@exemple.fr",
    "phone": "06 98 76 54 32",
    "person": "NOMDECANARI",
    "site": "https://canari.exemple.fr",
}
CONTACTS = {"mail": "mail", "email": "mail", "auth_email": "mail", "courriel": "mail"}
CONTACTS |= {"telephone": "phone", "phone": "phone", "tel": "phone", "fax": "phone"}
FILES = {
    "formats/rna_waldec_3_lignes.csv": {
        **CONTACTS,
        "siteweb": "site",
        "dir_civilite": "person",
        "adrg_declarant": "person",
        "observation": "person",
        "adrs_libvoie": "person",
        "adrs_complement": "person",
    },
    "millau_12/siae_geocodees_2021_02_12.csv": {**CONTACTS, "website": "site", "contact": "person"},
    "normandie/siae_asp_2019_07.csv": {"TELEPHONE": "phone", "MAIL_SIAE": "mail"},
    "normandie/data_inclusion_structures_normandie_2023.csv": {
        **{name: CONTACTS[name] for name in ("telephone", "courriel", "email")},
        "contact_public": "person",
        "contacts": "person",
        "site_web": "site",
    },
    "millau_12/france_services_20221201_12.csv": {
        **{name: CONTACTS[name] for name in ("mail", "telephone")},
        "commentaire": "person",
        "contact": "person",
    },
    "millau_12/ecoles_12.csv": {**CONTACTS, "web": "site", "nom_directeur": "person"},
    "millau_12/decp_2019_12.csv": {
        **{name: CONTACTS[name] for name in ("email", "telephone")},
        "acheteur.contact": "person",
        "titulaires.1.contact": "person",
    },
    "millau_12/sirene_quotidien_2017_12_pm.csv": {
        "ADR_MAIL": "mail",
        "TEL": "phone",
        "NOM": "person",
        "PRENOM": "person",
        "CIVILITE": "person",
        "L2_NORMALISEE": "person",
        "L3_NORMALISEE": "person",
    },
    "autres/qfdmo_acteurs_fixture.csv": {**CONTACTS, "site_web": "site", "contact": "person"},
}
"""Real files, and the columns of contacts that come back, with what stands in them."""
MILLAU = [name for name in FILES if name.startswith("millau_12/")]


def with_contacts(source, target, columns: dict[str, str]) -> None:
    """Write a real file again with columns of contacts filled."""
    text = source.read_text(encoding="utf-8-sig")
    separator = max(",;", key=text.split("\n", maxsplit=1)[0].count)
    with source.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=separator))
    header = [*rows[0], *(name for name in columns if name not in rows[0])]
    filled = {name: SECRETS[kind] for name, kind in columns.items()}
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, header, delimiter=separator)
        writer.writeheader()
        writer.writerows([row | filled for row in rows])


def found_in(text: str) -> list[str]:
    squeezed = "".join(text.split())
    return [kind for kind, secret in SECRETS.items() if "".join(secret.split()) in squeezed]


@pytest.mark.parametrize("name", FILES)
def test_no_contact_is_in_any_table(shared_data, tmp_path, name):
    source = shared_data / name
    path = tmp_path / source.name
    with_contacts(source, path, FILES[name])
    assert found_in(path.read_text(encoding="utf-8")) == [
        kind for kind in SECRETS if kind in FILES[name].values()
    ]
    plain, spoilt = (load_files([one])[0] for one in (source, path))
    assert sum(map(len, spoilt.tables.values())) > 0
    for table, rows in spoilt.tables.items():
        assert list(rows.columns) == list(plain.tables[table].columns)
        assert not found_in(rows.to_csv())
    assert not found_in(str(dict(spoilt.source)))
    for lang in ("fr", "en"):
        assert not found_in(" ".join(problem_text(note, lang=lang) for note in spoilt.notes))


# --- in what the tool writes -------------------------------------------------------------------
@pytest.fixture(scope="module")
def workspace(request, tmp_path_factory):
    data = request.getfixturevalue("shared_data")
    folder = tmp_path_factory.mktemp("contacts")
    files = []
    for name in MILLAU:
        files.append(folder / (data / name).name)
        with_contacts(data / name, files[-1], FILES[name])
    target = folder / "millau"
    perimeter = ["--from-file", data / "millau_12" / "communes_12_cog2018.geojson"]
    perimeter += ["--communes", "Millau, Aguessac, Creissels", "--cog-year", "2018"]
    assert cli.main(["new", str(target), *map(str, perimeter), "--lang", "fr"]) == 0
    assert cli.main(["fetch", str(target), *map(str, files), "--lang", "fr"]) == 0
    assert cli.main(["report", str(target), "--lang", "fr"]) == 0
    return Workspace(target)


def test_no_contact_is_in_the_database(workspace):
    assert len(workspace.tables()["actors"]) > 20
    with contextlib.closing(sqlite3.connect(workspace.database)) as database:
        dumped = "\n".join(line for line in database.iterdump() if line.startswith("INSERT"))
    assert "Creissels" in dumped
    assert not found_in(dumped)


def test_no_contact_is_in_any_file_of_the_folder(workspace):
    written = [path for path in workspace.folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in written} >= {".gpkg", ".html", ".xlsx"}
    for path in written:
        parts = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                parts += [packed.read(name) for name in packed.namelist()]
        for part in parts:
            assert not found_in(part.decode("utf-8", errors="replace")), path.name
