"""Names of other gateways as ids of a registry, each once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_ODD = re.compile(r"[^A-Za-z0-9._-]+")
_MAX_CHARS = 64
#: Greater numbers are refused by the registry's text.
MAX_WHOLE = 2**63


def id_of(name: str, *, taken: Iterable[str] = ()) -> str:
    """The name as an id that is not taken: `qwen2.5:7b` is `qwen2.5-7b`."""
    plain = _ODD.sub("-", name).strip("-._") or "model"
    plain = plain[:_MAX_CHARS]
    used = set(taken)
    number, found = 1, plain
    while found in used:
        number += 1
        found = f"{plain[: _MAX_CHARS - 5]}-{number}"
    return found


def variable_of(name: str) -> str:
    """A variable for the key of what has this name: `gpt-4o` has `GPT_4O_API_KEY`."""
    plain = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
    return f"{plain if plain[:1].isalpha() else f'MODEL_{plain}'}_API_KEY"


def is_plain_url(text: str) -> bool:
    """Whether a registry takes this as the root of an upstream: no credentials, no query."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    has_more = bool(parts.query or parts.fragment or "@" in parts.netloc or re.search(r"\s", text))
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not has_more
