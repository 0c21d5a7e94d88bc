"""Completion windows: how long a batch may take, as callers write it."""

from __future__ import annotations

import re

from orchestrator.errors import InvalidRequestError

_FORM = re.compile(r"([1-9][0-9]{0,5})([mhd])")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}
#: OpenAI knows `24h` alone.
MAX_WINDOW_S = 30 * 86_400


def window_s(written: str) -> int:
    """Seconds of a window such as `24h`, `90m` or `7d`.

    Raises:
        InvalidRequestError: it is none, or longer than 30 days.
    """
    found = _FORM.fullmatch(written)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not 0 < seconds <= MAX_WINDOW_S:
        raise InvalidRequestError(
            f"'completion_window' is {written[:64]!r}; allowed: '24h', or a whole number of "
            "minutes, hours or days from '1m' to '30d'",
            param="completion_window",
        )
    return seconds
