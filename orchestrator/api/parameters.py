"""Parameters that OpenAI defines and this service does not act on: one list, two verdicts."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from orchestrator.errors import InvalidRequestError, UnsupportedParameterError

#: Accepted and left aside, because the answer is as good without: name -> why. Each one that a
#: request carries is named in the `x-orchestrator-ignored` response header.
IGNORED: dict[str, str] = {
    "prediction": "A hint that makes some engines faster; the answer is the same.",
    "prompt_cache_key": "Engines here find common prefixes by themselves.",
    "prompt_cache_options": "Engines here find common prefixes by themselves.",
    "prompt_cache_retention": "Engines here decide how long prefixes stay.",
    "safety_identifier": "Nothing here acts on an end user's identity.",
    "service_tier": "There is one tier.",
    "store": "Answers are never stored; each leaves a prompt-free decision record.",
}

#: Refused, because the answer would not be what was asked for: name -> what to do instead.
REFUSED: dict[str, str] = {
    "audio": "no expert answers in audio; leave it out",
    "best_of": "send `n` and choose among the choices",
    "function_call": "send `tool_choice` instead",
    "functions": "send `tools` instead",
    "moderation": "nothing here moderates; leave it out",
    "reasoning_effort": "no expert can be told how long to reason; leave it out",
    "suffix": "no expert fills in the middle; leave it out",
    "verbosity": "say in the prompt how long the answer should be",
    "web_search_options": "no expert searches the web; leave it out",
}


def settle(extra: Mapping[str, Any], *, known: Collection[str]) -> tuple[str, ...]:
    """Judge the top-level keys of a request that its model does not define.

    Args:
        extra: key -> value, as sent.
        known: keys that the endpoint does define, to name the nearest.

    Returns:
        The keys that are left aside. `null` asks for nothing, so such keys are not among them.

    Raises:
        UnsupportedParameterError: a key that OpenAI defines and that cannot be honoured.
        InvalidRequestError: a key that nobody defines.
    """
    for name, value in extra.items():
        if name in IGNORED:
            continue
        if name not in REFUSED:
            raise unknown_key(name, [*known, *IGNORED])
        if value is not None:
            raise UnsupportedParameterError(
                f"parameter {name!r} is not supported: {REFUSED[name]}", param=name
            )
    return tuple(name for name, value in extra.items() if name in IGNORED and value is not None)


def unknown_key(
    name: str, known: Collection[str], *, path: str | None = None
) -> InvalidRequestError:
    """The error for a key that nobody defines, with the nearest one that somebody does."""
    shown = path or name
    near = difflib.get_close_matches(name[:64], sorted(known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"
    return InvalidRequestError(f"unknown parameter {shown[:128]!r}; {hint}", param=shown[:128])
