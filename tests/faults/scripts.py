"""What goes wrong with one request to the scripted upstream, and who says so."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

#: What can be asked for, and what happens then; `N` chunks of a stream come before it.
KINDS: dict[str, str] = {
    "ok": "it answers well",
    "cut-before-head": "the connection is closed before anything is answered",
    "cut-after-head": "it is closed after the head",
    "cut": "it is closed after N chunks, between two events",
    "cut-mid-chunk": "it is closed in the middle of an event",
    "cut-mid-utf8": "it is closed in the middle of a character",
    "ends": "the stream ends as HTTP has it, without a finish reason and `[DONE]`",
    "done-early": "`[DONE]` comes without a finish reason",
    "stall-before-head": "nothing is answered, the connection stays open",
    "stall-after-head": "nothing follows the head",
    "stall": "nothing follows N chunks",
    "bad-json": "an event is no JSON",
    "bad-sse": "a page of HTML comes in place of an event",
    "wrong-object": "an event is JSON of another kind",
    "no-choices": "an event lacks `choices`",
    "huge-line": "an event is longer than any reader takes",
    "nul": "an event has bytes of zero",
    "error-event": "an event says that the upstream failed",
    "slow": "it comes byte by byte",
    "429": "too many requests", "429-retry": "the same, with Retry-After",
    "500": "it failed", "503": "it is busy", "503-retry": "the same, with Retry-After",
    "redirect": "it answers with a redirect to itself",
}  # fmt: skip

#: By these a caller asks for a fault: in the model's name or in a word of the prompt, and a header.
WORD, HEADER = "fault=", "x-fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault; written `kind` or `kind:num`, as `cut:3`."""

    kind: str = "ok"
    #: Chunks that come before it; Retry-After in seconds where one is sent.
    num: int = 2

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `kind` or `kind:num`; `ValueError` where nobody knows it."""
        kind, _, num = text.partition(":")
        if kind not in KINDS:
            raise ValueError(f"fault {kind!r} is unknown; known: {sorted(KINDS)}")
        return cls(kind=kind, num=int(num)) if num else cls(kind=kind)


@dataclass(slots=True, kw_only=True)
class Scripts:
    """Says which fault a request gets: what it asks for, else what was ordered, else chance.

    Chance goes by the seed and the request's own words, never by the order of arrival.
    """

    seed: int = 0
    #: Share of requests that get one of `faults`.
    rate: float = 0.0
    faults: tuple[Fault, ...] = ()
    #: Faults of the next requests that ask for none, in order.
    ordered: deque[Fault] = field(default_factory=deque)
    num_by_kind: Counter[str] = field(default_factory=Counter)

    def of(self, *, model: str, text: str, headers: Mapping[str, str]) -> Fault:
        """The fault of one request; it is counted."""
        fault = self._asked(model, text, headers) or self._ordered() or self._drawn(text)
        self.num_by_kind[fault.kind] += 1
        return fault

    def tell(self, *, faults: Sequence[str], then: Sequence[str], rate: float, seed: int) -> None:
        """Follow other orders from now on."""
        self.faults = tuple(map(Fault.read, faults))
        self.ordered = deque(map(Fault.read, then))
        self.rate, self.seed = rate, seed

    def _asked(self, model: str, text: str, headers: Mapping[str, str]) -> Fault | None:
        words = (*text.split(), *model.split("/"))
        named = next((word.removeprefix(WORD) for word in words if word.startswith(WORD)), None)
        given = headers.get(HEADER, named)
        return None if given is None else Fault.read(given)

    def _ordered(self) -> Fault | None:
        return self.ordered.popleft() if self.ordered else None

    def _drawn(self, text: str) -> Fault:
        digest = hashlib.sha256(f"{self.seed} {text}".encode()).digest()
        if not self.faults or int.from_bytes(digest[:6]) / 2**48 >= self.rate:
            return Fault()
        return self.faults[int.from_bytes(digest[6:12]) % len(self.faults)]
