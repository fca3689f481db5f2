"""What a reader must know of the methods and their limits, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit import vocabulary as v
from toolkit.language import enum_label, number, percent, text

if TYPE_CHECKING:
    from toolkit.privacy import PublicDiagnosis

_PARAGRAPHS = (
    "basis",
    "severity",
    "confidence",
    "no_score",
    "balance",
    "access",
    "leaks",
    "missing",
    "network",
    "candidates",
    "certificate",
    "portfolio",
)
_GIVEN = {"distance": ("travel", "distance_given"), "communes": ("cells", "communes_cells")}
"""What is said in place of a limit where people brought travel times, or population cells."""
_LIMITS = ("estimated", "absence", "distance", "communes", "privacy", "decision")


def method_facts(public: PublicDiagnosis, *, lang: str) -> dict[str, Any]:
    """Return ``methods``, ``limits``, ``settings`` and ``criteria`` as titles and sentences."""
    settings, known = public.diagnosis.settings, public.diagnosis.given
    values: dict[str, object] = {
        "radius": number(settings.radius_km, lang=lang),
        "detour": number(settings.detour_factor, lang=lang),
        "speed": number(settings.speed_km_h, lang=lang),
        "ratio": percent(settings.missing_ratio, lang=lang),
        "probability": percent(settings.missing_probability, lang=lang),
        "minutes": number(settings.access_minutes, lang=lang),
        "threshold": number(settings.secrecy_threshold, lang=lang),
        "members": number(settings.max_members, lang=lang),
        "portfolio": number(settings.portfolio_size, lang=lang),
        "per_actor": number(settings.portfolio_per_actor, lang=lang),
        "hidden": text("report.count.hidden_actor", lang=lang, count=len(public.view.hidden)),
        "secret": text("report.count.secret_row", lang=lang, count=len(public.view.secret)),
    }
    weights = settings.normalised_weights()
    return {
        "methods": [_item("method", name, values=values, lang=lang) for name in _PARAGRAPHS],
        "limits": [
            _item("limit", _limit(name, known), values=values, lang=lang) for name in _LIMITS
        ],
        "criteria": [
            {
                "code": name,
                "label": enum_label("criterion", name, lang=lang),
                "what": text(f"report.criterion.{name}", lang=lang),
                "weight": percent(weights[name], lang=lang),
            }
            for name in v.CRITERIA
        ],
    }


def _limit(name: str, known: tuple[str, ...]) -> str:
    part, instead = _GIVEN.get(name, ("", ""))
    return instead if part in known else name


def _item(kind: str, name: str, *, values: dict[str, object], lang: str) -> dict[str, str]:
    return {
        "title": text(f"report.{kind}.{name}.title", lang=lang),
        "text": text(f"report.{kind}.{name}.text", lang=lang, **values),
    }
