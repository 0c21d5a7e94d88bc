"""Whether the service can answer now."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The state behind /readyz.

    `reasons` says, one sentence each, what is missing while `is_ready` is false.
    """

    is_ready: bool
    reasons: tuple[str, ...] = ()
