"""Whether a line that failed is tried again, and when: a value, decided without a clock."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from orchestrator.batch.line import LineReply

#: The first pause, and the longest; they double, seconds.
_FIRST_S, _LONGEST_S = 0.5, 60.0
#: Pauses differ by so much of themselves, so that lines that failed together come back apart.
_JITTER = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """Try once more."""

    after_s: float


def retry(
    reply: LineReply, *, num_tries: int, max_tries: int, call_id: str
) -> RetryDecision | None:
    """Whether what `reply` says of a failure makes another try worth it.

    Args:
        reply: of the last try.
        num_tries: so far, at least one.
        max_tries: in all.
        call_id: of the last try; spreads the pauses.
    """
    if reply.is_ok or not reply.is_retryable or num_tries >= max_tries:
        return None
    doubled_s = min(_FIRST_S * 2.0 ** (num_tries - 1), _LONGEST_S)
    after_s = max(doubled_s, reply.retry_after_s or 0.0)
    return RetryDecision(after_s=after_s * (1 + _JITTER * _share(call_id)))


def _share(call_id: str) -> float:
    """In [0, 1), the same for the same id."""
    return crc32(call_id.encode()) / 2**32
