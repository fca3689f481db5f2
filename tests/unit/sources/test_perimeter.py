"""The choice of communes: names, groupings, départements, polygons, distances; nothing silent."""

from __future__ import annotations

import json

import openpyxl
import pytest
from shapely.geometry import LineString, box, mapping

from toolkit.errors import DataError, SchemaError, UsageError
from toolkit.language import error_text, problem_text
from toolkit.sources.communes import read_communes
from toolkit.sources.selection import Selection

NAMES = {
    "14001": "Falaise",
    "14002": "Le Mesnil-sur-Vire",
    "14003": "Saint-Éloi",
    "61001": "L'Aigle",
    "61002": "Mesnil",
    "61003": "Saint-Éloi",
}
"""Squares of one hundredth of a degree in a row from west to east, from 0 degree on."""


def collection(path, features):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def feature(shape, **properties):
    return {"type": "Feature", "properties": properties, "geometry": mapping(shape)}


def row_of_squares(names):
    return [
        feature(box(0.01 * at, 48, 0.01 * at + 0.01, 48.01), code=code, nom=name)
        for at, (code, name) in enumerate(names.items())
    ]


@pytest.fixture
def outlines(tmp_path):
    return collection(tmp_path / "communes.geojson", row_of_squares(NAMES))


@pytest.fixture
def population(tmp_path):
    path = tmp_path / "population.csv"
    lines = [
        "200000001,CC du Pays de Vire,14001,210000001,Falaise",
        "200000001,CC du Pays de Vire,14002,210000002,Le Mesnil-sur-Vire",
        "200000002,CU d'Aigle,61001,210000003,L'Aigle",
        "200000002,CU d'Aigle,72001,210000004,Arconnay",
        "200000003,CC des Monts,61002,210000005,Mesnil",
        "200000004,CC des Monts,61003,210000006,Saint-Éloi",
        "200000005,CC de Granville; Terre et Mer,14003,210000007,Saint-Éloi",
        "200000006,CC de Falaise,08001,210000008,Falaise",
        "200000007,CA du Pays de Vire,85001,210000009,Vire-en-Bas",
    ]
    header = "epci_code,epci_nom,commune_code,commune_siren,commune_nom"
    lines[6] = '200000005,"CC de Granville, Terre et Mer",14003,210000007,Saint-Éloi'
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def chosen(outlines, *, options=None, **asked):
    found = read_communes(outlines, cog_year=2026, selection=Selection(**asked), **(options or {}))
    for lang in ("fr", "en"):
        assert all("{" not in problem_text(note, lang=lang) for note in found.notes)
    return found


def codes(outlines, **asked):
    return chosen(outlines, **asked).tables["communes"]["commune_id"].tolist()


def notes(found):
    return {note.code.removeprefix("sources_"): note for note in found.notes}


def faults(outlines, *, kind=UsageError, options=None, **asked):
    with pytest.raises(kind) as caught:
        chosen(outlines, options=options, **asked)
    for lang in ("fr", "en"):
        assert all("{" not in sentence for sentence in error_text(caught.value, lang=lang))
    return [(problem.code, problem.found) for problem in caught.value.problem_list]


def fault(outlines, *, kind=UsageError, options=None, **asked):
    with pytest.raises(kind) as caught:
        chosen(outlines, options=options, **asked)
    (problem,) = caught.value.problem_list
    return problem


def test_empty_selection_takes_every_commune(outlines):
    assert codes(outlines) == sorted(NAMES)


# --- names ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "asked,expected",
    [
        ("FALAISE", "14001"),
        ("le mesnil sur vire", "14002"),
        ("St-Eloi (61)", "61003"),
        ("saint éloi ( D14 )", "14003"),
        ("L’Aigle", "61001"),
        ("Le Mesnil", "61002"),
        ("14003", "14003"),
    ],
)
def test_communes_by_name_or_code(outlines, asked, expected):
    assert codes(outlines, communes=(asked,)) == [expected]


def test_name_of_several_communes_is_answered_with_the_choices(outlines):
    problem = fault(outlines, communes=("Saint-Eloi",))
    assert problem.code == "perimeter_name_ambiguous"
    assert problem.params["choices"] == "14003 Saint-Éloi (14), 61003 Saint-Éloi (61)"


def test_unknown_name_is_answered_with_the_nearest(outlines):
    problem = fault(outlines, communes=("Falèse",))
    assert (problem.code, problem.params["near"]) == ("perimeter_name_unknown", "14001 (Falaise)")
    problem = fault(outlines, communes=("Vire",))
    assert problem.params["near"] == "14002 (Le Mesnil-sur-Vire)"


def test_commune_of_the_outlines_comes_before_its_namesake_and_that_is_told(outlines, population):
    found = chosen(outlines, communes=("Falaise",), options={"population": population})
    assert found.tables["communes"]["commune_id"].tolist() == ["14001"]
    assert notes(found)["perimeter_same_name"].params["choices"] == "08001 Falaise (08)"


def test_commune_known_without_outline_is_told(outlines, population):
    problem = fault(
        outlines, kind=SchemaError, communes=("Arçonnay",), options={"population": population}
    )
    assert (problem.code, problem.found) == ("communes_no_polygon", "72001")


def test_every_fault_is_told_at_once(outlines):
    found = faults(outlines, communes=("Nulle Part", "99999"), departements=("75", "Orne"))
    assert found == [
        ("perimeter_name_unknown", "Nulle Part"),
        ("perimeter_departement", "75"),
        ("perimeter_departement", "Orne"),
        ("communes_unknown", "99999"),
    ]


def test_old_name_is_answered_with_the_living_commune(tmp_path, outlines):
    passage = tmp_path / "passage.csv"
    lines = ["Ancien Code Officiel;Code Courant Officiel", "14002;14001"]
    lines += [f"{code};{code}" for code in NAMES if code != "14002"]
    passage.write_text("\n".join(lines), encoding="utf-8")
    options = {"passage": passage}
    problem = fault(outlines, communes=("Le Mesnil sur Vire",), options=options)
    assert (problem.code, problem.params["living"]) == ("perimeter_name_old", "14001 Falaise")
    found = chosen(outlines, communes=("Falaise",), options=options)
    assert notes(found)["communes_merged"].params["examples"] == "14002 → 14001"


def test_city_of_arrondissements_by_its_name(tmp_path):
    path = collection(
        tmp_path / "paris.geojson", row_of_squares({"75101": "Paris 1er", "75102": "Paris 2e"})
    )
    assert codes(path, communes=("paris",)) == ["75056"]
    assert codes(path, communes=("75102",)) == ["75102"]
    assert codes(path, departements=("75",)) == ["75101", "75102"]


def test_communes_left_out_by_name(outlines):
    found = chosen(outlines, departements=("14",), options={"without": ["Saint-Éloi", "falaise"]})
    assert found.tables["communes"]["commune_id"].tolist() == ["14002"]
    assert notes(found)["left_out"].found == "2"
    problem = fault(outlines, departements=("14",), options={"without": ["L'Aigle"]})
    assert problem.code == "communes_without_unknown"


# --- intercommunalities -----------------------------------------------------------------------
@pytest.mark.parametrize(
    "asked,expected",
    [
        ("200000001", ["14001", "14002"]),
        ("pays de vire", ["14001", "14002"]),
        ("Communauté de communes du Pays de Vire", ["14001", "14002"]),
    ],
)
def test_grouping_by_siren_or_name(outlines, population, asked, expected):
    assert codes(outlines, epci=(asked,), options={"population": population}) == expected


def test_name_with_a_comma_is_put_together_again(outlines, population):
    asked = ("Pays de Vire", "Granville", "Terre et Mer")
    assert codes(outlines, epci=asked, options={"population": population}) == [
        "14001",
        "14002",
        "14003",
    ]


def test_grouping_that_crosses_names_the_communes_without_outline(outlines, population):
    options = {"population": population}
    problem = fault(outlines, kind=SchemaError, epci=("Aigle",), options=options)
    assert (problem.code, problem.found) == ("communes_no_polygon", "72001")
    found = chosen(outlines, epci=("Aigle",), options={**options, "without": ["Arconnay"]})
    assert found.tables["communes"]["commune_id"].tolist() == ["61001"]
    assert "72001 Arconnay" in notes(found)["left_out"].params["examples"]


def test_grouping_of_an_ambiguous_or_unknown_name(outlines, population):
    options = {"population": population}
    problem = fault(outlines, epci=("Monts",), options=options)
    assert problem.code == "perimeter_epci_ambiguous"
    assert problem.params["choices"] == "200000003 CC des Monts (61); 200000004 CC des Monts (61)"
    problem = fault(outlines, epci=("Granville",), options=options)
    assert problem.code == "perimeter_epci_unknown"
    assert problem.params["near"] == "200000005 (CC de Granville, Terre et Mer)"
    assert faults(outlines, epci=("200000099",), options=options) == [
        ("communes_epci_unknown", "200000099")
    ]
    assert faults(outlines, epci=("Monts",)) == [("communes_no_membership", "Monts")]


# --- départements -----------------------------------------------------------------------------
@pytest.mark.parametrize("asked", ["14", "014", "D14", "d14"])
def test_departement_however_it_is_written(outlines, asked):
    assert codes(outlines, departements=(asked,)) == ["14001", "14002", "14003"]


def test_departement_tells_its_communes_without_outline(tmp_path, population):
    path = collection(tmp_path / "one.geojson", row_of_squares({"14001": "Falaise"}))
    found = faults(path, kind=SchemaError, departements=("14",), options={"population": population})
    assert found == [("communes_no_polygon", "14002"), ("communes_no_polygon", "14003")]


def test_departements_of_corsica_and_overseas(tmp_path):
    path = collection(tmp_path / "corse.geojson", row_of_squares({"2A004": "Ajaccio"}))
    assert codes(path, departements=("2a",)) == ["2A004"]
    path = collection(tmp_path / "mtq.geojson", row_of_squares({"97209": "Fort-de-France"}))
    assert codes(path, departements=("972",)) == ["97209"]
    assert faults(path, departements=("97",)) == [("perimeter_departement", "97")]


# --- groupings of a file ----------------------------------------------------------------------
HEADER = "N° SIREN;Nom du groupement;Siren membre;Nom membre\n"
LINES = (
    "250000001;PETR du Bocage;200000001;CC du Pays de Vire\n"
    "250000001;PETR du Bocage;250000002;SIVOM de l'Est\n"
    "250000001;PETR du Bocage;221400001;Département du Calvados\n"
    "250000002.0;SIVOM de l'Est;210 000 003.0;L'Aigle\n"
)


@pytest.fixture
def groups(tmp_path):
    path = tmp_path / "banatic.csv"
    path.write_text(HEADER + LINES, encoding="utf-8")
    return path


def test_grouping_of_groupings_is_followed_to_its_communes(outlines, population, groups):
    found = chosen(
        outlines, groups=("bocage",), groups_file=groups, options={"population": population}
    )
    assert found.tables["communes"]["commune_id"].tolist() == ["14001", "14002", "61001"]
    left = notes(found)["perimeter_no_communes"]
    assert (left.found, left.params["examples"]) == ("1", "221400001 Département du Calvados")
    assert "groupings:banatic" in found.sources["source_id"].tolist()


def test_member_that_no_file_explains_is_a_fault(outlines, groups):
    found = faults(outlines, kind=SchemaError, groups=("250000001",), groups_file=groups)
    assert found == [
        ("perimeter_member_unknown", "200000001"),
        ("perimeter_member_unknown", "210000003"),
    ]


def test_circle_of_groupings_is_told_in_words(outlines, population, groups):
    with groups.open("a", encoding="utf-8") as stream:
        stream.write("250000002;SIVOM de l'Est;250000001;PETR du Bocage\n")
    problem = fault(
        outlines,
        kind=SchemaError,
        groups=("Bocage",),
        groups_file=groups,
        options={"population": population},
    )
    assert problem.code == "perimeter_group_cycle"
    assert problem.params["cycle"] == "PETR du Bocage → SIVOM de l'Est → PETR du Bocage"


def test_grouping_by_codes_of_communes_without_a_code_of_its_own(tmp_path, outlines):
    path = tmp_path / "petr.csv"
    path.write_text(
        "petr,code_insee,nom\nPETR du Perche,14003,St-Éloi\nPETR du Perche,61001,x\n,61002,y\n",
        encoding="utf-8",
    )
    found = chosen(outlines, groups=("Perche",), groups_file=path)
    assert found.tables["communes"]["commune_id"].tolist() == ["14003", "61001"]
    assert notes(found)["perimeter_unsaid"].params["examples"] == "4"


def test_grouping_with_old_codes_is_followed_and_told(tmp_path, outlines):
    passage = tmp_path / "passage.csv"
    passage.write_text(
        "Ancien Code Officiel;Code Courant Officiel\n14999;14001\n14998;14002\n14998;14003\n"
        + "".join(f"{code};{code}\n" for code in NAMES),
        encoding="utf-8",
    )
    path = tmp_path / "groups.csv"
    path.write_text("group_code,insee\nG,14999\nG,14998\nG,61001\n", encoding="utf-8")
    found = chosen(outlines, groups=("G",), groups_file=path, options={"passage": passage})
    assert found.tables["communes"]["commune_id"].tolist() == ["14001", "14002", "14003", "61001"]
    told = notes(found)["perimeter_old_members"].params["examples"]
    assert told == "14998 → 14002 + 14003, 14999 → 14001"


def test_unknown_and_ambiguous_groupings(tmp_path, outlines):
    path = tmp_path / "groups.csv"
    path.write_text(
        "group_code,group_name,insee\nA,PETR du Sud,14001\nB,CC du Sud,61001\nC,Nord,61002\n",
        encoding="utf-8",
    )
    problem = fault(outlines, groups=("Sud",), groups_file=path)
    assert problem.params["choices"] == "A PETR du Sud (14); B CC du Sud (61)"
    problem = fault(outlines, groups=("Nort",), groups_file=path)
    assert (problem.code, problem.params["near"]) == ("perimeter_group_unknown", "C (Nord)")
    assert codes(outlines, groups=("A", "PETR du Sud"), groups_file=path) == ["14001"]


def test_file_of_groupings_without_members_is_refused(tmp_path, outlines):
    path = tmp_path / "groups.csv"
    path.write_text("group_code,president\nA,x\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        chosen(outlines, groups=("A",), groups_file=path)
    assert caught.value.code == "groupings_no_member"


def test_groupings_from_a_sheet_with_a_title_above(tmp_path, outlines, population):
    book = openpyxl.Workbook()
    page = book.active
    page.append(["Périmètre des groupements"])
    page.append([])
    page.append(["N° SIREN", "Nom du groupement", "Siren membre", "Nom membre"])
    page.append([250000001, "PETR du Bocage", 200000001, "CC du Pays de Vire"])
    path = tmp_path / "banatic.xlsx"
    book.save(path)
    options = {"population": population}
    assert codes(outlines, groups=("bocage",), groups_file=path, options=options) == [
        "14001",
        "14002",
    ]


# --- areas ------------------------------------------------------------------------------------
def test_share_of_the_area_decides_and_the_edge_is_told(tmp_path, outlines):
    # The polygon holds squares 1 and 2, 55 % of the third and 4 % of the fourth by its north.
    shape = box(0, 48, 0.0255, 48.01).union(box(0.03, 48.0096, 0.04, 48.01))
    path = collection(tmp_path / "area.geojson", [feature(shape, name="x")])
    found = chosen(outlines, within=path)
    assert found.tables["communes"]["commune_id"].tolist() == ["14001", "14002", "14003"]
    told = notes(found)
    assert told["perimeter_within"].params == {"percent": 50, "cut": 1}
    assert told["perimeter_just_taken"].params["examples"] == "14003 Saint-Éloi (55%)"
    assert "perimeter_just_left" not in told
    assert "perimeter_outside" not in told
    found = chosen(outlines, within=path, share=0.6)
    assert found.tables["communes"]["commune_id"].tolist() == ["14001", "14002"]
    assert notes(found)["perimeter_just_left"].params["examples"] == "14003 Saint-Éloi (55%)"
    assert codes(outlines, within=path, share=1.0) == ["14001", "14002"]


def test_part_of_the_polygon_without_outline_is_told(tmp_path, outlines):
    path = collection(tmp_path / "area.geojson", [feature(box(-0.01, 48, 0.01, 48.01))])
    found = chosen(outlines, within=path)
    assert found.tables["communes"]["commune_id"].tolist() == ["14001"]
    assert notes(found)["perimeter_outside"].found == "50%"


def test_polygon_elsewhere_and_lines_are_refused(tmp_path, outlines):
    path = collection(tmp_path / "area.geojson", [feature(box(4, 44, 5, 45))])
    assert faults(outlines, within=path)[0] == ("perimeter_nothing_inside", "area.geojson")
    path = collection(tmp_path / "line.geojson", [feature(LineString([(0, 48), (1, 48)]))])
    assert faults(outlines, kind=SchemaError, within=path)[0][0] == "perimeter_no_polygon"


# --- distances --------------------------------------------------------------------------------
# At 48 degrees north a hundredth of a degree of longitude is 0.746 km.
@pytest.mark.parametrize("around", ["Falaise", "14001", "0.005,48.005", "0,005;48,005"])
def test_radius_around_a_commune_or_a_point(outlines, around):
    found = chosen(outlines, around=around, radius_km=1.55)
    assert found.tables["communes"]["commune_id"].tolist() == ["14001", "14002", "14003"]
    assert notes(found)["perimeter_around"].params == {"centre": around, "km": 1.55}
    assert notes(found)["perimeter_just_taken"].params["examples"] == "14003 Saint-Éloi (1.5 km)"


def test_radius_adds_to_other_choices(outlines):
    asked = {"around": "Falaise", "radius_km": 0.1, "communes": ("L'Aigle",)}
    assert codes(outlines, **asked) == ["14001", "61001"]


@pytest.mark.parametrize(
    "asked,expected",
    [
        ({"around": "Falaise"}, ("perimeter_needs", "--around")),
        ({"radius_km": 3.0, "communes": ("14001",)}, ("perimeter_needs", "--radius-km")),
        ({"share": 0.4, "communes": ("14001",)}, ("perimeter_needs", "--share")),
        ({"around": "Falaise", "radius_km": 0.0}, ("perimeter_radius", "0")),
        ({"around": "Falaise", "radius_km": float("nan")}, ("perimeter_radius", "nan")),
        ({"around": "Falaise", "radius_km": 5000.0}, ("perimeter_radius", "5000")),
        ({"around": "48.0,70.0", "radius_km": 3.0}, ("perimeter_point_elsewhere", "48.0,70.0")),
        ({"around": "Nulle Part", "radius_km": 3.0}, ("perimeter_name_unknown", "Nulle Part")),
        ({"around": "72001", "radius_km": 3.0}, ("perimeter_point", "72001")),
        ({"around": "5.0,48.0", "radius_km": 3.0}, ("perimeter_nothing_inside", "5.0,48.0")),
    ],
)
def test_wrong_distances(outlines, asked, expected):
    assert faults(outlines, **asked)[0] == expected


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5, float("nan")])
def test_wrong_shares(tmp_path, outlines, share):
    path = collection(tmp_path / "area.geojson", [feature(box(0, 48, 0.01, 48.01))])
    assert faults(outlines, within=path, share=share)[0][0] == "perimeter_share"
