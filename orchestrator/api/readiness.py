"""Whether the service can answer now, and which of its parts are away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The state behind /readyz.

    `reasons` says, one sentence each, what is missing while `is_ready` is false.
    """

    is_ready: bool
    reasons: tuple[str, ...] = ()
    #: What is away although requests are answered, one sentence each, and what that costs.
    degraded: tuple[str, ...] = ()
    #: Part -> how it is, in one sentence; `up` where nothing is to be said.
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """In a word."""
        if not self.is_ready:
            return "not ready"
        return "degraded" if self.degraded else "ready"
