"""One request as its caller saw it, and many of them in figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

_SEPARATOR = b"\n\n"
_DATA = b"data: "
_DONE = b"[DONE]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One answered request."""

    latency_ms: float
    first_token_ms: float
    completion_tokens: int


@dataclass(slots=True)
class Reading:
    """Body of an answer as it arrives; knows when its first token came and what it cost."""

    is_stream: bool
    #: When the first piece with text came, seconds of `perf_counter`: uvloop's own clock ticks in
    #: milliseconds; `None` before.
    first_token_at_s: float | None = None
    _pieces: list[bytes] = field(default_factory=list)
    _unread: bytes = b""

    def add(self, piece: bytes, *, now_s: float) -> None:
        """Take body bytes that arrived at `now_s`."""
        self._pieces.append(piece)
        if self.is_stream and self.first_token_at_s is None:
            self._unread += piece
            self._look_for_text(now_s)

    def _look_for_text(self, now_s: float) -> None:
        *events, self._unread = self._unread.split(_SEPARATOR)
        if any(_text(event) for event in events):
            self.first_token_at_s = now_s

    def completion_tokens(self) -> int:
        """Tokens the answer says it cost.

        Raises:
            ValueError: the answer holds no usage, or an error.
        """
        body = b"".join(self._pieces)
        usage = _last_usage(body) if self.is_stream else orjson.loads(body).get("usage")
        if usage is None:
            raise ValueError(f"no usage in the answer: {body[:300]!r}")
        return int(usage["completion_tokens"])


def _payload(event: bytes) -> bytes:
    return event.strip().removeprefix(_DATA)


def _text(event: bytes) -> str:
    payload = _payload(event)
    if not payload.startswith(b"{"):
        return ""
    choices = orjson.loads(payload).get("choices") or [{}]
    return (choices[0].get("delta") or {}).get("content") or ""


def _last_usage(body: bytes) -> dict[str, Any] | None:
    events = [_payload(event) for event in body[-4096:].split(_SEPARATOR)]
    if _DONE not in events:
        raise ValueError(f"the stream did not end with {_DONE!r}: ...{body[-300:]!r}")
    usages = (orjson.loads(e).get("usage") for e in reversed(events) if e.startswith(b"{"))
    return next((usage for usage in usages if usage), None)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie, by nearest rank; `values` not empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def figures(samples: Sequence[Sample], *, wall_s: float) -> dict[str, Any]:
    """Rates and percentiles of a run; `samples` not empty."""
    tokens = sum(sample.completion_tokens for sample in samples)
    return {
        "num_requests": len(samples),
        "wall_s": round(wall_s, 3),
        "requests_per_s": round(len(samples) / wall_s, 2),
        "tokens_per_s": round(tokens / wall_s, 2),
        "completion_tokens": tokens,
        "latency_ms": _spread([sample.latency_ms for sample in samples]),
        "first_token_ms": _spread([sample.first_token_ms for sample in samples]),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {
        name: round(percentile(values, share), 3)
        for name, share in (("p50", 0.50), ("p95", 0.95), ("p99", 0.99))
    }
