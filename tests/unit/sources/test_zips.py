"""Tables inside zips: which member is meant, which parts are read, and zips that mean harm."""

from __future__ import annotations

import zipfile

import pytest

from toolkit.errors import DataError
from toolkit.sources import zips
from toolkit.sources.catalogue import Context, load_files, recognise
from toolkit.sources.reading import read_rows

FLOWS = "CODGEO;LIBGEO;DCLT;L_DCLT;NBFLUX_C22_ACTOCC15P\n14118;Caen;14047;Bayeux;12,5\n"
WALDEC = "id;titre;position;objet_social1;adrs_codeinsee\n"


def packed(path, members, *, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def refused(call):
    with pytest.raises(DataError) as caught:
        call()
    return caught.value.code


def test_a_zip_of_one_text_is_recognised_and_read_as_it_is(tmp_path):
    path = packed(
        tmp_path / "flux_csv.zip",
        {"base/flux_2022.csv": FLOWS, "base/meta_flux_2022.csv": "COD_VAR;LIB_VAR\n"},
    )
    assert recognise(path).name == "commuting"
    (extract,) = load_files([path])
    assert extract.tables["flows"]["quantity"].tolist() == [12.5]
    assert extract.source["data_year"] == 2022
    assert not [held for held in tmp_path.iterdir() if held != path]


@pytest.mark.parametrize(
    "name", ["meta_base.csv", "DS_BPE_2024_metadata.csv", "metadonnees_2022.csv", "__MACOSX/x.csv"]
)
def test_a_member_that_describes_columns_is_no_table(tmp_path, name):
    path = packed(tmp_path / "a.zip", {name: "COD_VAR;LIB_VAR\n", "metal.csv": "a;b\n1;2\n"})
    assert read_rows(path, needed={"a": ("a",)})["a"].tolist() == ["1"]


def test_only_the_parts_of_the_departements_asked_for_are_read(tmp_path):
    members = {
        f"rna_waldec_20261101_dpt_{code}.csv": f"{WALDEC}W{number};Club {code};A;011;{commune}\n"
        for code, number, commune in (
            ("14", "142000001", "14118"),
            ("2A", "2A2000001", "2A004"),
            ("972", "9M2000001", "97209"),
        )
    }
    path = packed(tmp_path / "rna_waldec_20261101.zip", members)
    assert recognise(path).name == "rna"
    for communes, names in (
        ({"14118", "14047"}, ["Club 14"]),
        ({"2A004", "97209"}, ["Club 2A", "Club 972"]),
        (set(), ["Club 14", "Club 2A", "Club 972"]),
    ):
        (extract,) = load_files([path], known=Context(communes=frozenset(communes)))
        assert extract.tables["actors"]["name"].tolist() == names
    found = refused(lambda: read_rows(path, needed={"id": ("id",)}, is_wanted={"67"}.__contains__))
    assert found == "sources_zip_no_part"


def test_records_of_parts_are_counted_on(tmp_path):
    members = {"x_dpt_01.csv": "a;b\n1;2\n3;4;5\n6;7\n", "x_dpt_02.csv": "b;a\n8;9;0\n8;9\n"}
    rows = read_rows(packed(tmp_path / "x.zip", members), needed={"a": ("a",), "b": ("b",)})
    assert rows["a"].tolist() == ["1", "6", "9"]
    assert rows.index.tolist() == [2, 4, 7]
    assert rows.attrs["malformed"] == [3, 6]


@pytest.mark.parametrize(
    "members", [{"a.csv": "a\n1\n", "b.csv": "a\n2\n"}, {"notice.pdf": "%PDF"}, {}]
)
def test_a_zip_of_no_or_several_tables_is_refused_and_names_them(tmp_path, members):
    path = packed(tmp_path / "a.zip", members)
    assert refused(lambda: read_rows(path, needed={"a": ("a",)})) == "sources_zip_members"


def test_a_zip_that_would_burst_is_refused_before_a_byte_is_unpacked(tmp_path, monkeypatch):
    path = packed(tmp_path / "a.zip", {"a.csv": "a\n" + "0" * 50_000_000})
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(zips, "MAX_BYTES", 1_000_000)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("unpacked"))
    assert refused(lambda: read_rows(path, needed={"a": ("a",)})) == "sources_zip_size"


def test_parts_that_would_burst_together_are_refused(tmp_path, monkeypatch):
    members = {f"x_dpt_{code:02d}.csv": "a\n" + "0" * 600 for code in range(1, 4)}
    path = packed(tmp_path / "a.zip", members)
    monkeypatch.setattr(zips, "MAX_BYTES", 1_000)
    assert refused(lambda: read_rows(path, needed={"a": ("a",)})) == "sources_zip_size"


def test_a_zip_that_declares_less_than_it_holds_is_damaged(tmp_path):
    path = packed(tmp_path / "a.zip", {"a.csv": "a\n" + "1\n" * 5_000}, method=zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b"PK\x01\x02") + 24
    raw[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(raw)
    assert refused(lambda: read_rows(path, needed={"a": ("a",)})) == "sources_damaged"


@pytest.mark.parametrize("name", ["../../out.csv", "/etc/out.csv", "C:\\out.csv"])
def test_a_member_with_steps_in_its_name_writes_nothing(tmp_path, name):
    inner = tmp_path / "inner"
    inner.mkdir()
    path = packed(inner / "a.zip", {name: "a\n1\n"})
    assert read_rows(path, needed={"a": ("a",)})["a"].tolist() == ["1"]
    assert [held.name for held in tmp_path.rglob("*")] == ["inner", "a.zip"]


@pytest.mark.parametrize("raw", [b"PK\x03\x04", b"a;b\n1;2\n"])
def test_what_is_no_zip_is_damaged(tmp_path, raw):
    path = tmp_path / "a.zip"
    path.write_bytes(raw)
    assert refused(lambda: read_rows(path, needed={"a": ("a",)})) == "sources_damaged"
