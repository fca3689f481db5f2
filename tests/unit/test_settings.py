"""Settings: every value checked, all faults told at once."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from toolkit import vocabulary as v
from toolkit.errors import SettingsError
from toolkit.settings import Settings


def codes(**values):
    with pytest.raises(SettingsError) as caught:
        Settings.from_mapping(values)
    return [(problem.column, problem.code) for problem in caught.value.problem_list]


def test_every_setting_says_its_bounds_and_the_source_of_its_default():
    for rule in dataclasses.fields(Settings):
        assert rule.metadata["source"]
        bounded = rule.metadata["minimum"] is not None and rule.metadata["maximum"] is not None
        free = rule.name in {"include_estimated", "panel_ids"}
        assert bounded or rule.metadata["choices"] or free, rule.name


def test_the_defaults_are_accepted_and_complete():
    settings = Settings()
    assert set(settings.weights) == set(v.CRITERIA)
    assert sum(settings.normalised_weights().values()) == pytest.approx(1.0)
    assert tuple(settings.normalised_weights()) == v.CRITERIA
    assert settings.normalised_weights()["coverage"] == pytest.approx(3 / 13)


@pytest.mark.parametrize(
    "values, fault",
    [
        ({"radius": 3}, ("radius", "unknown_setting")),
        ({"language": "de"}, ("language", "setting_choice")),
        ({"language": None}, ("language", "setting_choice")),
        ({"radius_km": "20"}, ("radius_km", "setting_number")),
        ({"radius_km": True}, ("radius_km", "setting_number")),
        ({"radius_km": float("nan")}, ("radius_km", "setting_number")),
        ({"radius_km": float("inf")}, ("radius_km", "setting_number")),
        ({"radius_km": 0.05}, ("radius_km", "setting_range")),
        ({"radius_km": 10**400}, ("radius_km", "setting_range")),
        ({"max_members": 2.5}, ("max_members", "setting_number")),
        ({"max_members": 11}, ("max_members", "setting_range")),
        ({"include_estimated": "oui"}, ("include_estimated", "setting_boolean")),
        ({"include_estimated": 1}, ("include_estimated", "setting_boolean")),
        ({"partnership_types": []}, ("partnership_types", "setting_empty")),
        ({"partnership_types": ["ptce", "sarl"]}, ("partnership_types", "setting_choice")),
        ({"panel_ids": [200065597]}, ("panel_ids", "setting_text")),
        ({"portfolio_least": {"guild": 1}}, ("portfolio_least", "setting_choice")),
        ({"portfolio_least": {"ptce": -1}}, ("portfolio_least", "setting_range")),
        ({"portfolio_least": {"ptce": 1.5}}, ("portfolio_least", "setting_number")),
        ({"portfolio_least": 3}, ("portfolio_least", "setting_choice")),
        ({"weights": {"beauty": 1}}, ("weights", "setting_choice")),
        ({"weights": {3: 1}}, ("weights", "setting_choice")),
        ({"weights": 3}, ("weights", "setting_choice")),
        ({"weights": {"trust": -1}}, ("weights", "setting_range")),
        ({"weights": {"trust": "lots"}}, ("weights", "setting_number")),
        ({"weights": dict.fromkeys(v.CRITERIA, 0)}, ("weights", "setting_weights_zero")),
    ],
)
def test_wrong_values_are_refused_with_their_reason(values, fault):
    assert codes(**values) == [fault]


def test_all_faults_are_told_at_once():
    assert codes(radius=3, language="de", radius_km=-1, weights={"trust": "x"}) == [
        ("radius", "unknown_setting"),
        ("language", "setting_choice"),
        ("radius_km", "setting_range"),
        ("weights", "setting_number"),
    ]


def test_weights_left_out_of_a_file_keep_their_default():
    settings = Settings.from_mapping({"weights": {"trust": 5}})
    assert (settings.weights["trust"], settings.weights["coverage"]) == (5, 3.0)


def test_one_type_alone_and_types_twice_are_understood():
    assert Settings(partnership_types="ptce").partnership_types == ("ptce",)
    assert Settings(partnership_types=["ptce", "ptce", "ess_ess"]).partnership_types == (
        "ptce",
        "ess_ess",
    )


def test_settings_cannot_be_changed_but_copied():
    settings = Settings()
    with pytest.raises(AttributeError):
        settings.radius_km = 3
    with pytest.raises(TypeError):
        settings.weights["trust"] = 3
    assert settings.with_changes(radius_km=5).radius_km == 5
    assert settings.radius_km == 20.0
    with pytest.raises(SettingsError):
        settings.with_changes(radius_km=-5)


def test_settings_go_to_another_process_and_can_be_keys():
    settings = Settings(radius_km=25.0, partnership_types=["ptce"])
    there = pickle.loads(pickle.dumps(settings))
    assert there == settings
    assert hash(there) == hash(settings)
    assert settings != Settings()


def test_plain_values_give_the_same_settings_back():
    settings = Settings(language="en", weights={"trust": 1.0})
    assert settings.to_mapping()["partnership_types"] == list(v.PARTNERSHIP_TYPES)
    assert Settings.from_mapping(Settings().to_mapping()) == Settings()
