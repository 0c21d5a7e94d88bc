"""Macros of llama-swap: `${NAME}` in its settings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

_MACRO = re.compile(r"\$\{([A-Za-z0-9_.-]+)\}")
#: Macros may hold macros; llama-swap wants those defined before.
_MAX_DEPTH = 16


def expanded(value: Any, macros: Mapping[str, Any]) -> Any:
    """The value with its macros replaced; those that nobody defines stay.

    Args:
        value: of any type; a text that is one macro becomes the macro's own type.
        macros: by name, `env.NAME` for variables of the environment.
    """
    if isinstance(value, Mapping):
        return {key: expanded(one, macros) for key, one in value.items()}
    if isinstance(value, list):
        return [expanded(one, macros) for one in value]
    return _text(value, macros) if isinstance(value, str) else value


def _text(value: str, macros: Mapping[str, Any]) -> Any:
    for _ in range(_MAX_DEPTH):
        alone = _MACRO.fullmatch(value)
        if alone and alone[1] in macros:
            found = macros[alone[1]]
            if not isinstance(found, str):
                return found
            value = found
            continue
        after = _MACRO.sub(lambda match: str(macros.get(match[1], match[0])), value)
        if after == value:
            break
        value = after
    return value


def words_of(command: str) -> list[str]:
    """The words of a command, without comments and line ends; none where quotes do not close."""
    lines = (line for line in command.splitlines() if not line.lstrip().startswith("#"))
    joined = " ".join(line.rstrip().removesuffix("\\") for line in lines)
    try:
        return shlex.split(joined)
    except ValueError:
        return []


def options_of(words: list[str]) -> dict[str, str | bool]:
    """Options of a command by name without dashes; `True` for those without a value."""
    found: dict[str, str | bool] = {}
    for at, word in enumerate(words):
        if not word.startswith("-") or _is_number(word):
            continue
        name, equals, value = word.lstrip("-").partition("=")
        after = words[at + 1] if at + 1 < len(words) else "-"
        has_value = not after.startswith("-") or _is_number(after)
        found[name] = value if equals else (after if has_value else True)
    return found


def _is_number(word: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", word) is not None
