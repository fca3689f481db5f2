"""Ready panels, travel times and population cells: read forgivingly, refused at once."""

from __future__ import annotations

import pandas as pd
import pytest
from pyproj import Transformer

from toolkit import vocabulary as v
from toolkit.errors import DataError
from toolkit.language import problem_text
from toolkit.sources import side_tables
from toolkit.sources.demo import demo_panel
from toolkit.sources.side_tables import read_cells, read_panel, read_travel

HEAD = ",".join(v.PANEL_COLUMNS)
SOUND = ("T1,Un,CC,1000,50,20000,bpe,B203,2", "T1,Un,CC,1000,50,20000,bpe,boulang,1")


def write(folder, *lines: str, name: str = "panel.csv"):
    path = folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def refused(reader, path, **options) -> list[tuple[str, str, str]]:
    with pytest.raises(DataError) as caught:
        reader(path, **options)
    for problem in caught.value.problem_list:
        for lang in ("fr", "en"):
            assert "{" not in problem_text(problem, lang=lang)
    return [(one.row, one.column, one.code) for one in caught.value.problem_list]


# --- panels -------------------------------------------------------------------------------------
def test_a_panel_comes_back_as_it_was_written(tmp_path):
    panel = demo_panel()
    path = tmp_path / "panel.csv"
    panel.to_csv(path, index=False)
    back = read_panel(path)
    keys = ["territory_id", "nomenclature", "activity"]
    pd.testing.assert_frame_equal(back, panel.sort_values(keys, ignore_index=True))


def test_numbers_and_headers_as_people_write_them(tmp_path):
    path = write(
        tmp_path,
        "Territory_id;Nom;Nature;Population;Nomenclature;Activité;Nombre",
        "T1;Un;CC;1 000,5;naf_rev2;47.11b;2",
    )
    panel = read_panel(path)
    assert panel.iloc[0][["population", "activity", "count"]].tolist() == [1000.5, "47.11B", 2.0]
    assert panel[["density_per_km2", "median_income_eur"]].isna().all(axis=None)


def test_all_faults_of_a_panel_are_told_at_once(tmp_path):
    path = write(
        tmp_path,
        HEAD,
        *SOUND,
        "T2,Deux,CA,0,-1,x,bpe,B203,-3",
        ",Trois,CC,10,1,1,naf,47.11B,1",
        "T4,Quatre,CC,10,1,1,naf_rev2,B203,1",
        "T4,Quatre,CC,20,1,1,naf_rev2,47.11B,1",
        "T4,Quatre,CC,20,1,1,naf_rev2,47.11B,2",
        "T5,Cinq,CC,20,1,1,naf_rev2,47.11B,2,too,many",
        "T6,Six,,nan,,,bpe,B203,#REF!",
    )
    found = refused(read_panel, path)
    assert set(found) == {
        ("4", "count", "negative_number"),
        ("4", "density_per_km2", "panel_not_positive"),
        ("4", "median_income_eur", "bad_number"),
        ("4", "population", "panel_not_positive"),
        ("5", "nomenclature", "panel_nomenclature"),
        ("5", "territory_id", "required_cell"),
        ("6", "activity", "panel_activity"),
        ("", "population", "panel_differs"),
        ("", "", "panel_twice_told"),
        ("9", "", "panel_row_cut"),
        ("10", "kind", "required_cell"),
        ("10", "population", "required_cell"),
        ("10", "count", "formula_error"),
    }


@pytest.mark.parametrize(
    "lines",
    [
        SOUND,
        (
            *SOUND,
            "T2, Deux ,,0,,x,bpe,ND,-3",
            '"T3","',
        ),
    ],
)
def test_files_of_our_own_form_are_read_alike(tmp_path, monkeypatch, lines):
    path = write(tmp_path, HEAD, *lines)

    def outcome() -> object:
        try:
            return read_panel(path).to_numpy().tolist()
        except DataError as error:
            return [(one.code, one.row, one.column, one.found) for one in error.problem_list]

    fast = outcome()
    monkeypatch.setattr(side_tables, "_plain", lambda *_: None)
    assert outcome() == fast


@pytest.mark.parametrize(
    "lines, code",
    [
        (("territory_id,name", "T1,Un"), "sources_column_missing"),
        ((HEAD,), "sources_no_rows"),
        (("",), "sources_empty_file"),
    ],
)
def test_hostile_panels_are_refused(tmp_path, lines, code):
    assert {found[2] for found in refused(read_panel, write(tmp_path, *lines))} == {code}


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_bytes(b"PK\x03\x04 not a text")
    assert refused(read_panel, path)[0][2] == "sources_not_text"
    assert refused(read_panel, tmp_path / "absent.csv")[0][2] == "sources_no_file"


# --- travel times -------------------------------------------------------------------------------
def test_travel_times(tmp_path):
    path = write(tmp_path, "from_id,to_id,minutes", "99002,A1,12.5", "99001,99002,0")
    frame = read_travel(path)
    assert frame.to_numpy().tolist() == [["99001", "99002", 0.0], ["99002", "A1", 12.5]]
    path = write(tmp_path, "from_id,to_id,minutes", "a,b,-1", "a,b,inf", ",b,2", "a,c,")
    assert set(refused(read_travel, path)) == {
        ("2", "minutes", "negative_number"),
        ("3", "minutes", "bad_number"),
        ("", "", "panel_twice_told"),
        ("4", "from_id", "required_cell"),
        ("5", "minutes", "required_cell"),
    }


# --- cells --------------------------------------------------------------------------------------
OWN = frozenset({"14118", "14047"})


def test_cells_in_degrees(tmp_path):
    path = write(
        tmp_path,
        "cell_id,commune_id,people,longitude,latitude",
        "c2,14118,10.5,-0.37,49.18",
        "c1,14047,3,-0.7,49.27",
        "c3,50129,3,-1.6,49.6",
    )
    cells = read_cells(path, communes=OWN)
    assert tuple(cells.columns) == v.CELL_COLUMNS
    assert cells["cell_id"].tolist() == ["c1", "c2"]


def test_cells_of_the_grid_of_insee_are_placed_by_their_id(tmp_path):
    # Laea of Europe: the middle of this cell of 200 m is 3,675,300 E, 2,961,500 N.
    name = "CRS3035RES200mN2961400E3675200"
    path = write(tmp_path, "idcar_200m,ind,lcog_geo", f"{name},12.5,5099914118")
    cells = read_cells(path, communes=OWN)
    assert cells["commune_id"].tolist() == ["14118"]
    x, y = Transformer.from_crs(3035, 4326, always_xy=True).transform(3_675_300, 2_961_500)
    assert cells[["longitude", "latitude"]].iloc[0].tolist() == pytest.approx([x, y])


def test_faults_of_cells_are_told_at_once(tmp_path):
    path = write(
        tmp_path,
        "cell_id,commune_id,people,longitude,latitude",
        "c1,14118,-2,49.18,-0.37",
        "c2,14118,2,,",
        "c2,14118,2,-0.3,49.1",
        "c4,,2,-0.3,95",
        "CRS9999999RES200mN1E1,14118,2,,",
    )
    assert set(refused(read_cells, path, communes=OWN)) == {
        ("2", "people", "negative_number"),
        ("2", "cell_id", "cells_elsewhere"),
        ("3", "cell_id", "cells_no_place"),
        ("", "", "panel_twice_told"),
        ("5", "commune_id", "required_cell"),
        ("5", "latitude", "number_too_large"),
        ("5", "cell_id", "cells_elsewhere"),
        ("6", "cell_id", "cells_no_place"),
    }
    outside = write(tmp_path, "cell_id,commune_id,people", "c1,75056,1")
    assert refused(read_cells, outside, communes=OWN)[0][2] == "sources_all_outside"
