"""The file `territoire.toml`: what a territory is called, and its settings with their meaning.

It is written once, at creation; from then on it is the officer's.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from toolkit.errors import Problem, WorkspaceError
from toolkit.language import text
from toolkit.settings import LANGUAGES, OWN, Settings

FILE: Final = "territoire.toml"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the file says.

    Attributes
    ----------
    name : str
        Name a reader knows the territory by.
    language : str
        ``fr`` or ``en``.
    fictional : bool
        Whether the data are invented.
    cog_year : int or None
        Year of the geography of the communes.
    settings : Mapping
        The table ``[settings]``, unchecked.
    """

    name: str
    language: str = "fr"
    fictional: bool = False
    cog_year: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def read(path: Path) -> Identity:
    """Return what a territory's file says.

    Raises
    ------
    WorkspaceError
        If it is no TOML, not in UTF-8, or values are missing or wrong; all faults at once.
    """
    where = path.name
    try:
        values = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as err:
        raise WorkspaceError(Problem("workspace_toml_encoding", where=where)) from err
    except tomllib.TOMLDecodeError as err:
        raise WorkspaceError(Problem("workspace_toml_broken", where=where, found=str(err))) from err
    except OSError as err:
        raise WorkspaceError(Problem("workspace_io", where=where, found=str(err.strerror))) from err
    problems = [dataclasses.replace(problem, where=where) for problem in _faults(values)]
    if problems:
        raise WorkspaceError(problems)
    known = {rule.name for rule in dataclasses.fields(Identity)}
    return Identity(**{name: value for name, value in values.items() if name in known})


def render(identity: Identity) -> str:
    """Return the text of a new file: the identity, then every setting, its default commented out.

    Examples
    --------
    >>> print(render(Identity("Val d'Ambre", cog_year=2026)).splitlines()[3])
    name = "Val d'Ambre"
    """
    lang = identity.language
    lines = [f"# {line}" for line in text("workspace.toml.head", lang=lang).splitlines()]
    lines += [
        "",
        f"name = {_value(identity.name)}",
        f"language = {_value(lang)}",
        f"fictional = {_value(identity.fictional)}",
    ]
    if identity.cog_year is not None:
        lines += [
            f"# {text('workspace.toml.cog_year', lang=lang)}",
            f"cog_year = {identity.cog_year}",
        ]
    lines += [
        "",
        *(f"# {line}" for line in text("workspace.toml.settings", lang=lang).splitlines()),
        "[settings]",
    ]
    lines += _setting_lines(lang)
    return "\n".join(lines) + "\n"


def _setting_lines(lang: str) -> Iterator[str]:
    """Yield the lines of each setting: meaning, range, source, default."""
    defaults = Settings()
    for rule in dataclasses.fields(Settings):
        if rule.name == "language":
            continue
        yield ""
        yield f"# {text(f'workspace.setting.{rule.name}', lang=lang)}"
        limits = _limits(rule)
        yield f"# {text('workspace.toml.limits', lang=lang, limits=limits)} {_source(rule, lang)}"
        yield f"# {rule.name} = {_value(getattr(defaults, rule.name))}"


def _source(rule: dataclasses.Field[Any], lang: str) -> str:
    """Return where the default of a setting comes from."""
    name = "own" if rule.metadata["source"] == OWN else rule.name
    return text(
        "workspace.toml.source",
        lang=lang,
        source=text(f"workspace.setting_source.{name}", lang=lang),
    )


def _limits(rule: dataclasses.Field[Any]) -> str:
    """Return the accepted values of a setting, with their unit."""
    if rule.metadata["choices"]:
        return ", ".join(rule.metadata["choices"])
    if rule.metadata["minimum"] is None:
        return "true, false" if isinstance(rule.default, bool) else '["…", "…"]'
    unit = rule.metadata["unit"]
    low, high = (
        int(end) if end == int(end) else end
        for end in (rule.metadata["minimum"], rule.metadata["maximum"])
    )
    limits = f"{low} – {high}"
    return f"{limits} {unit}" if unit and unit != "share" else limits


def _value(value: object) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, str):
        # JSON escapes what TOML wants escaped, but for the character DEL.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | MappingProxyType):
        return "{ " + ", ".join(f"{name} = {_value(item)}" for name, item in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return str(value)


def _faults(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is missing or wrong."""
    name = values.get("name")
    if not isinstance(name, str) or not name.strip():
        yield _wrong("name", values, code="workspace_toml_name")
    if values.get("language", "fr") not in LANGUAGES:
        params = {"choices": ", ".join(LANGUAGES)}
        yield dataclasses.replace(
            _wrong("language", values, code="workspace_toml_language"), params=params
        )
    if not isinstance(values.get("fictional", False), bool):
        yield _wrong("fictional", values, code="workspace_toml_boolean")
    year = values.get("cog_year", 0)
    if not isinstance(year, int) or isinstance(year, bool):
        yield _wrong("cog_year", values, code="workspace_toml_year")
    if not isinstance(values.get("settings", {}), Mapping):
        yield _wrong("settings", values, code="workspace_toml_table")


def _wrong(name: str, values: Mapping[str, Any], *, code: str) -> Problem:
    return Problem(code, column=name, found=repr(values[name]) if name in values else "")
