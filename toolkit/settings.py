"""Frozen settings of a diagnosis: every threshold with its unit, bounds and source.

A territory's settings are the table ``[settings]`` of its ``territoire.toml``; what is not written
there has the default of :class:`Settings`.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from toolkit.errors import Problem, SettingsError
from toolkit.vocabulary import ANY_TYPE, CRITERIA, FAMILIES, PARTNERSHIP_TYPES

OWN = "Own rule, see docs/decisions/0004-defaults.md"
LANGUAGES = ("fr", "en")
_LISTS = ("partnership_types", "panel_ids")
"""Settings that hold several codes."""
_MAPS = ("weights", "composition_rules", "portfolio_least")
"""Settings that are tables of their own."""


def _setting(
    default: Any,  # noqa: ANN401 - as wide as dataclasses.field itself
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] | None = None,
    source: str = OWN,
) -> Any:  # noqa: ANN401
    rules = {
        "unit": unit,
        "minimum": minimum,
        "maximum": maximum,
        "choices": choices,
        "source": source,
    }
    if isinstance(default, Mapping):
        return field(default_factory=lambda: MappingProxyType(dict(default)), metadata=rules)
    return field(default=default, metadata=rules)


@dataclass(frozen=True, slots=True)
class Settings:
    """Thresholds, weights and language of a diagnosis.

    Each field carries in its metadata the unit, the accepted range and the source of its default.
    ``weights`` are the officer's weights of the criteria of a partnership (METHODS 3.2); they are
    used relative to their sum.

    Raises
    ------
    SettingsError
        If any value is of the wrong type or out of its range; all faults at once.

    Examples
    --------
    >>> Settings(language="en", radius_km=25).radius_km
    25
    """

    language: str = _setting("fr", choices=LANGUAGES)
    radius_km: float = _setting(20.0, unit="km", minimum=0.1, maximum=500.0)
    """Farthest that members of a partnership may live from their meeting place."""
    detour_factor: float = _setting(
        1.3,
        minimum=1.0,
        maximum=3.0,
        source="Road distance over straight line, usual 1.2-1.4; own choice",
    )
    speed_km_h: float = _setting(50.0, unit="km/h", minimum=3.0, maximum=130.0)
    access_minutes: float = _setting(20.0, unit="min", minimum=1.0, maximum=120.0)
    """Travel time that counts as reach for a service whose category gives none."""
    access_share_max: float = _setting(0.05, unit="share", minimum=0.0, maximum=1.0)
    """Share of people out of reach up to which access is no gap."""
    access_low_ratio: float = _setting(0.5, minimum=0.0, maximum=1.0)
    """Accessibility (E2SFCA) below this share of the territory's mean is a gap."""
    access_decay: str = _setting("bands", choices=("bands", "gaussian"))
    """How a service counts with travel time: by bands, or by a smooth Gaussian decay."""
    sites_max: int = _setting(3, minimum=1, maximum=5)
    """How many more sites of a service are placed at most."""
    missing_ratio: float = _setting(0.5, minimum=0.05, maximum=1.0)
    """An activity is missing where it is probably rarer than this share of its usual rate."""
    missing_probability: float = _setting(0.9, unit="probability", minimum=0.5, maximum=0.999)
    """How probable that must be."""
    panel_size: int = _setting(15, minimum=3, maximum=200)
    """Territories compared with, where the officer names none."""
    panel_ids: tuple[str, ...] = _setting(())
    """Territories that the officer wants to be compared with."""
    hole_p_value: float = _setting(0.05, minimum=0.0001, maximum=0.5)
    permutations: int = _setting(499, minimum=99, maximum=99_999)
    seed: int = _setting(20260101, minimum=0, maximum=2**31 - 1)
    include_estimated: bool = _setting(default=True)
    profile_min_weight: float = _setting(0.3, minimum=0.0, maximum=1.0)
    """How typical of an activity an offer or a need must be to be estimated."""
    partnership_types: tuple[str, ...] = _setting(
        PARTNERSHIP_TYPES, choices=(*PARTNERSHIP_TYPES, ANY_TYPE)
    )
    """Types looked for; names of ``composition_rules`` too, and ``any`` for no rule at all."""
    composition_rules: Mapping[str, Mapping[str, Any]] = _setting({}, minimum=0, maximum=10)
    """Own types by name: ``least`` and ``most`` members of a family, ``families_min`` families."""
    max_members: int = _setting(6, minimum=2, maximum=10, source="METHODS 3.2")
    per_opening: int = _setting(3, minimum=1, maximum=50)
    """Candidates kept for each opening."""
    openings_max: int = _setting(60, minimum=1, maximum=5_000)
    """Openings looked at, most severe first."""
    portfolio_size: int = _setting(12, minimum=1, maximum=200)
    portfolio_per_actor: int = _setting(2, minimum=1, maximum=50)
    portfolio_least: Mapping[str, int] = _setting({}, minimum=0, maximum=200)
    """Candidates of a type that the portfolio holds at least, by type."""
    secrecy_threshold: int = _setting(
        5,
        minimum=1,
        maximum=100,
        source="Usual floor of small counts in French public statistics; own choice",
    )
    weights: Mapping[str, float] = _setting(
        {
            "coverage": 3.0,
            "suitability": 2.0,
            "proximity": 2.0,
            "complementarity": 1.0,
            "diversity": 2.0,
            "transversality": 1.0,
            "trust": 1.0,
            "capacity": 1.0,
        },
        minimum=0.0,
        maximum=100.0,
    )

    def __post_init__(self) -> None:
        """Check every value; gather all faults."""
        faults = [
            fault
            for rule in dataclasses.fields(self)
            for fault in _faults(rule, getattr(self, rule.name), own=self.composition_rules)
        ]
        if faults:
            raise SettingsError(faults)
        object.__setattr__(self, "weights", MappingProxyType(dict(self.weights)))
        rules = {
            name: MappingProxyType(dict(rule)) for name, rule in self.composition_rules.items()
        }
        object.__setattr__(self, "composition_rules", MappingProxyType(rules))
        object.__setattr__(self, "portfolio_least", MappingProxyType(dict(self.portfolio_least)))
        for name in _LISTS:
            value: object = getattr(self, name)  # a text alone is taken for a list of one
            listed = (value,) if isinstance(value, str) else tuple(getattr(self, name))
            object.__setattr__(self, name, tuple(dict.fromkeys(listed)))

    def __hash__(self) -> int:
        """Hash by every value."""
        return hash(tuple(str(value) for value in self.to_mapping().values()))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by plain values, so that settings can go to another process."""
        return Settings.from_mapping, (self.to_mapping(),)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Settings:
        """Return settings from plain values such as a table of a TOML file.

        Raises
        ------
        SettingsError
            If a name is unknown or a value is refused; all faults at once.
        """
        known = {rule.name for rule in dataclasses.fields(cls)}
        faults = [
            Problem(
                "unknown_setting",
                column=name,
                found=str(name),
                params={"choices": ", ".join(sorted(known))},
            )
            for name in values
            if name not in known
        ]
        accepted = {name: value for name, value in values.items() if name in known}
        if "weights" in accepted and isinstance(accepted["weights"], Mapping):
            accepted["weights"] = {**cls().weights, **accepted["weights"]}
        try:
            made = cls(**accepted)
        except SettingsError as err:
            raise SettingsError([*faults, *err.problem_list]) from err
        if faults:
            raise SettingsError(faults)
        return made

    def to_mapping(self) -> dict[str, Any]:
        """Return the values by name, as plain types; the inverse of :meth:`from_mapping`.

        Examples
        --------
        >>> Settings.from_mapping(Settings(radius_km=25.0).to_mapping()).radius_km
        25.0
        """
        values: dict[str, Any] = {
            rule.name: getattr(self, rule.name) for rule in dataclasses.fields(self)
        }
        values["weights"] = {name: self.weights[name] for name in sorted(self.weights)}
        values["portfolio_least"] = dict(sorted(self.portfolio_least.items()))
        values["composition_rules"] = {
            name: {key: _plain(part) for key, part in rule.items()}
            for name, rule in sorted(self.composition_rules.items())
        }
        values |= {name: list(values[name]) for name in _LISTS}
        return values

    def with_changes(self, **changes: Any) -> Settings:  # noqa: ANN401 - values of any field
        """Return a copy in which some values are replaced."""
        return dataclasses.replace(self, **changes)

    def normalised_weights(self) -> dict[str, float]:
        """Return each criterion's weight divided by their sum, in the order of the vocabulary."""
        total = sum(self.weights.values())
        return {name: self.weights.get(name, 0.0) / total for name in CRITERIA}


@cache
def _types() -> Mapping[str, Any]:
    return MappingProxyType(typing.get_type_hints(Settings))


def _plain(part: object) -> object:
    return dict(part) if isinstance(part, Mapping) else part


def _faults(rule: dataclasses.Field[Any], value: object, *, own: object) -> Iterator[Problem]:
    """Yield what is wrong with the value of one field; ``own`` are the own types by name."""
    if rule.name in _MAPS:
        if rule.name == "portfolio_least":
            yield from _quota_faults(rule, value, own=own)
        else:
            yield from (_weight_faults if rule.name == "weights" else _own_faults)(rule, value)
        return
    wanted = _types()[rule.name]
    if rule.name in _LISTS:
        values: tuple[object, ...] = tuple(value) if isinstance(value, tuple | list) else (value,)
        if not values and rule.metadata["choices"]:
            yield Problem(
                "setting_empty",
                column=rule.name,
                found="",
                params={"choices": ", ".join(PARTNERSHIP_TYPES)},
            )
    else:
        values = (value,)
    named = own if isinstance(own, Mapping) and rule.name == "partnership_types" else {}
    for item in values:
        if not (isinstance(item, str) and item in named):
            yield from _item_faults(rule, item, wanted=wanted)


def _item_faults(
    rule: dataclasses.Field[Any], item: object, *, wanted: object
) -> Iterator[Problem]:
    """Yield what is wrong with a value, or with one of several."""
    choices = rule.metadata["choices"]
    if choices is not None:
        if item not in choices:
            params = {"choices": ", ".join(choices)}
            yield Problem("setting_choice", column=rule.name, found=repr(item), params=params)
    elif rule.name in _LISTS:
        if not isinstance(item, str):
            yield Problem("setting_text", column=rule.name, found=repr(item))
    elif wanted is bool:
        if not isinstance(item, bool):
            yield Problem("setting_boolean", column=rule.name, found=repr(item))
    else:
        yield from _number_faults(rule, item, whole=wanted is int)


def _number_faults(
    rule: dataclasses.Field[Any], value: object, *, whole: bool
) -> Iterator[Problem]:
    """Yield what is wrong with a number."""
    low, high = rule.metadata["minimum"], rule.metadata["maximum"]
    params = {"minimum": low, "maximum": high, "unit": rule.metadata["unit"]}
    if (
        isinstance(value, bool)
        or not isinstance(value, int if whole else (int, float))
        or (isinstance(value, float) and not math.isfinite(value))
    ):
        yield Problem("setting_number", column=rule.name, found=repr(value), params=params)
    elif not low <= value <= high:
        yield Problem("setting_range", column=rule.name, found=repr(value), params=params)


def _weight_faults(rule: dataclasses.Field[Any], value: object) -> Iterator[Problem]:
    """Yield what is wrong with the weights of the criteria."""
    strange = set(value) - set(CRITERIA) if isinstance(value, Mapping) else {repr(value)}
    if strange or not isinstance(value, Mapping):
        found = ", ".join(sorted(str(name) for name in strange))
        yield Problem(
            "setting_choice", column=rule.name, found=found, params={"choices": ", ".join(CRITERIA)}
        )
        return
    for item in value.values():
        yield from _number_faults(rule, item, whole=False)
    if all(isinstance(item, int | float) for item in value.values()) and sum(value.values()) <= 0:
        yield Problem("setting_weights_zero", column=rule.name, found="0")


def _quota_faults(rule: dataclasses.Field[Any], value: object, *, own: object) -> Iterator[Problem]:
    """Yield what is wrong with the quotas of types."""
    known = (*PARTNERSHIP_TYPES, ANY_TYPE, *(own if isinstance(own, Mapping) else ()))
    if not isinstance(value, Mapping) or set(value) - set(known):
        params = {"choices": ", ".join(map(str, known))}
        yield Problem("setting_choice", column=rule.name, found=repr(value), params=params)
        return
    for number in value.values():
        yield from _number_faults(rule, number, whole=True)


def _own_faults(rule: dataclasses.Field[Any], value: object) -> Iterator[Problem]:
    """Yield what is wrong with the own types of partnership."""
    if not isinstance(value, Mapping):
        yield Problem("setting_choice", column=rule.name, found=repr(value), params=_KEYS)
        return
    for name, own in value.items():
        column = f"{rule.name}.{name}"
        taken = name in (*PARTNERSHIP_TYPES, ANY_TYPE) or not isinstance(name, str)
        if taken or not isinstance(own, Mapping) or set(own) - set(_RULE_KEYS):
            yield Problem("setting_choice", column=column, found=repr(own), params=_KEYS)
            continue
        if "families_min" in own:
            yield from _number_faults(rule, own["families_min"], whole=True)
        for key in ("least", "most"):
            counts = own.get(key, {})
            if not isinstance(counts, Mapping) or set(counts) - set(FAMILIES):
                params = {"choices": ", ".join(FAMILIES)}
                yield Problem(
                    "setting_choice", column=f"{column}.{key}", found=repr(counts), params=params
                )
                continue
            for number in counts.values():
                yield from _number_faults(rule, number, whole=True)


_RULE_KEYS = ("families_min", "least", "most")
_KEYS = MappingProxyType({"choices": ", ".join(_RULE_KEYS)})
