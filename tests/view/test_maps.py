from __future__ import annotations

import json
import re

import folium
import pytest

from toolkit.errors import ReportError
from toolkit.privacy import public_diagnosis
from toolkit.resources import asset_text
from toolkit.views import maps
from toolkit.views.layers import POINTS_MAX, actor_columns, map_data, outlines

OUTSIDE = re.compile(
    r"(?:src|href)\s*=\s*[\"']?https?:|url\(\s*[\"']?https?:|@import", re.IGNORECASE
)


def page_of(diagnosis, lang="fr"):
    return maps.map_of(diagnosis, lang=lang).get_root().render()


def data_of(page):
    block = re.search(r'<script type="application/json" id="maillage-data">(.*?)</script>', page)
    return json.loads(block.group(1))


def test_every_file_that_folium_would_fetch_has_its_answer():
    for kind in (folium.Map, folium.FeatureGroup, folium.LayerControl):
        for name, _ in (*getattr(kind, "default_js", ()), *getattr(kind, "default_css", ())):
            assert name in maps.REPLACED
    for asset in filter(None, maps.REPLACED.values()):
        assert asset_text(asset)
    maps.check_replaced(folium.Map, folium.FeatureGroup, folium.LayerControl)


def test_class_with_an_unknown_file_is_refused():
    from folium.plugins import HeatMap

    with pytest.raises(ReportError, match=r"leaflet-heat\.js") as caught:
        maps.check_replaced(folium.Map, HeatMap)
    assert caught.value.code == "asset_unknown"


def test_class_lists_of_folium_are_left_alone(diagnosis):
    before = list(folium.Map.default_js), list(folium.Map.default_css)
    page_of(diagnosis)
    assert (list(folium.Map.default_js), list(folium.Map.default_css)) == before


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_map_asks_for_nothing(diagnosis, lang):
    made = maps.map_of(diagnosis, lang=lang)
    assert isinstance(made, folium.Map)
    page = made.get_root().render()
    assert not OUTSIDE.search(re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL))
    assert "<link" not in page
    assert "<script src" not in page
    assert f'<html lang="{lang}">' in page
    assert "user-scalable=no" not in page
    assert not OUTSIDE.search(
        re.sub(r"&lt;script&gt;.*?&lt;/script&gt;", "", made._repr_html_(), flags=re.DOTALL)
    )


def test_same_diagnosis_same_map(diagnosis):
    assert page_of(diagnosis) == page_of(diagnosis)


def test_saved_map_holds_its_data(diagnosis, tmp_path):
    made = maps.map_of(diagnosis)
    made.save(str(tmp_path / "carte.html"))
    assert data_of((tmp_path / "carte.html").read_text(encoding="utf-8"))["actors"]["name"]


def test_hostile_names_are_data_and_never_code(hostile, made):
    page = page_of(hostile)
    data = data_of(page)
    shown = set(data["actors"]["name"])
    assert {name for name in made.HOSTILE.values() if len(name) < 120} <= shown
    code = re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL)
    assert "alert(" not in code
    assert "<img src=x" not in code
    assert "</script><b>" not in code
    assert "Val \\u0026#123;\\u0026#123;7*7\\u0026#125;\\u0026#125;" in code
    assert "Val 49" not in page


def test_every_inline_script_is_in_the_policy_of_the_map(diagnosis):
    import base64
    import hashlib

    page = page_of(diagnosis)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    assert len(scripts) >= 3
    for code in scripts:
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_only_one_module_imports_folium():
    import ast
    from pathlib import Path

    def imported(node):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        for child in ast.iter_child_nodes(node):
            yield from imported(child)

    root = Path(maps.__file__).resolve().parent.parent
    found = [
        path.relative_to(root).as_posix()
        for path in sorted(root.rglob("*.py"))
        if any(
            name.split(".")[0] in {"folium", "branca"}
            for name in imported(ast.parse(path.read_text("utf-8")))
        )
    ]
    assert found == ["views/maps.py"]


def test_outlines_still_adjoin_after_simplification(diagnosis):
    simple = outlines(diagnosis.territory)
    assert simple.is_valid.all()
    assert simple.is_valid_coverage()
    assert len(simple) == 3


def test_actors_without_address_do_not_hide_each_other(diagnosis):
    columns = actor_columns(public_diagnosis(diagnosis, lang="fr").diagnosis.territory, lang="fr")
    points = list(zip(columns["x"], columns["y"], strict=True))
    assert len(set(points)) == len(points)
    communes = diagnosis.territory.communes.set_index("commune_id").geometry
    from shapely.geometry import Point

    for point, place in zip(points, columns["commune"], strict=True):
        assert communes.iloc[place].contains(Point(point))


def test_many_actors_are_counted_by_commune(diagnosis, monkeypatch):
    from toolkit.views import layers

    monkeypatch.setattr(layers, "POINTS_MAX", 3)
    columns = actor_columns(diagnosis.territory, lang="fr")
    assert sum(columns["count"]) == len(diagnosis.territory.actors)
    assert "name" not in columns
    assert POINTS_MAX == 20_000


def test_flows_to_the_outside_end_beyond_the_perimeter(diagnosis):
    public = public_diagnosis(diagnosis, lang="fr").diagnosis
    data = map_data(public, lang="fr")
    (south, west), (north, east) = data["bounds"]
    rim = [
        (x, y)
        for x, y, name in zip(*(data["ends"][key] for key in ("x", "y", "name")), strict=True)
        if name == "Extérieur du territoire"
    ]
    assert len(rim) == 2
    assert all(not (west <= x <= east and south <= y <= north) for x, y in rim)
    assert sorted(data["flows"]["way"]) == [0, 1, 2]


def test_map_of_a_territory_without_diagnosis(diagnosis):
    from dataclasses import replace

    nothing = {
        name: getattr(diagnosis.findings, name).head(0)
        for name in ("gaps", "evidence", "matches", "access", "network")
    }
    findings = replace(diagnosis.findings, **nothing)
    empty = {
        name: getattr(diagnosis.proposals, name).head(0)
        for name in ("openings", "partnerships", "roles", "practices", "ties")
    }
    bare = replace(diagnosis, findings=findings, proposals=replace(diagnosis.proposals, **empty))
    data = data_of(page_of(bare))
    assert data["gaps"] == []
    assert data["candidates"] == []
    assert len(data["actors"]["name"]) == 9


def test_layers_that_hold_nothing_are_left_out(diagnosis):
    from dataclasses import replace

    from toolkit import vocabulary as v

    territory = diagnosis.territory
    actors = territory.table(v.ACTORS)
    kept = actors[actors["family"] != "civil"]
    few = territory.replace(
        **{
            v.ACTORS: kept,
            **{name: territory.table(name).head(0) for name in (v.FLOWS, v.COOPERATIONS)},
            v.MEMBERS: territory.table(v.MEMBERS).head(0),
        }
    )
    findings = replace(diagnosis.findings, gaps=diagnosis.gaps.head(0))
    page = page_of(replace(diagnosis, territory=few, findings=findings))
    whole = page_of(diagnosis)
    for gone in ("civil", "flows", "cooperations", "gaps"):
        assert f"feature_group_{gone}" not in page
        assert f"feature_group_{gone}" in whole
    for kept in ("communes", "research", "candidates", "access"):
        assert f"feature_group_{kept}" in page
