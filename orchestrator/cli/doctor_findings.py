"""What `orchestrator doctor` finds, one line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: `warn` is worth knowing, with `fail` no service runs.
State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    said: str
    #: What to do about it.
    todo: str | None = None


def at_least(name: str, value: float, *, unit: str, warn: float, fail: float, todo: str) -> Finding:
    """A number that should not be small."""
    said = f"{value:,.1f} {unit}" if isinstance(value, float) else f"{value:,} {unit}"
    if value >= warn:
        return Finding(name=name, state="ok", said=said)
    return Finding(name=name, state="fail" if value < fail else "warn", said=said, todo=todo)
