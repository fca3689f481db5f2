"""Help and faults of the command line in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from toolkit.language import text


def help_in(command: Any, lang: str) -> None:  # noqa: ANN401 - the parsing library's own class
    """Put texts of a language in the place of the keys of a command and its parameters."""
    if (command.help or "").startswith("cli."):
        command.help = text(command.help, lang=lang)
    for parameter in command.params:
        shown = getattr(parameter, "help", None)
        if shown and shown.startswith("cli."):
            parameter.help = text(shown, lang=lang)
        elif parameter.name == "help":
            parameter.help = text("cli.opt.help", lang=lang)
    for inner in getattr(command, "commands", {}).values():
        help_in(inner, lang)


def usage_text(fault: Any, words: Sequence[str], *, lang: str) -> str:  # noqa: ANN401 - the parsing library's own class
    """Return what is wrong with the words of the command line; the help where there are none."""
    kind = type(fault).__name__
    if kind == "NoArgsIsHelpError":
        return str(fault.format_message())
    parameter = getattr(fault, "param", None)
    option = next((word for word in getattr(parameter, "opts", ()) if word.startswith("--")), "")
    told = {
        "NoSuchOption": getattr(fault, "option_name", ""),
        "BadParameter": option,
        "MissingParameter": option or getattr(parameter, "metavar", "") or "",
        "BadOptionUsage": getattr(fault, "option_name", ""),
    }.get(kind)
    message = fault.format_message()
    extra = re.fullmatch(r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", message)
    key, told = (kind, told) if told else ("extra", extra[1]) if extra else ("other", message)
    context = getattr(fault, "ctx", None)
    return text(
        f"cli.usage.{key}",
        lang=lang,
        shown=told,
        found=_given(option, words),
        expected=text(f"cli.usage.expected.{_expected(message)}", lang=lang),
        command=context.command_path if context else "maillage",
    )


def _given(option: str, words: Sequence[str]) -> str:
    """Return what the line gives to an option."""
    for place, word in enumerate(words):
        if word == option and place + 1 < len(words):
            return words[place + 1]
        if option and word.startswith(f"{option}="):
            return word.removeprefix(f"{option}=")
    return ""


def _expected(message: str) -> str:
    """Return the key of what a value should be, by what the parsing library says of it."""
    if "integer" in message:
        return "integer"
    return "float" if "float" in message or "number" in message else "value"
