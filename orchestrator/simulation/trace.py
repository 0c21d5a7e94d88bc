"""A trace: which experts were asked for, when, and how much each had to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from orchestrator.errors import SetupError


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of a trace, without its words."""

    #: Its place in the trace, from 0.
    id: int
    expert: str
    #: When it is made, seconds from the start of the trace; not before those in `after` ended.
    arrives_s: float
    prompt_tokens: int
    output_tokens: int
    #: Earlier requests whose answers it needs: the aggregator of a composition.
    after: tuple[int, ...] = ()
    #: How long it may wait for its turn, seconds; the simulation's own where it is `None`.
    max_wait_s: float | None = None
    #: Nobody waits for it: see `Courteous`.
    is_background: bool = False


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Requests in order of arrival, checked.

    Raises:
        SetupError: it is empty, out of order, or a request needs one that does not come before.
    """

    name: str
    requests: Sequence[Request]

    def __post_init__(self) -> None:
        if not self.requests:
            raise SetupError(f"trace {self.name!r} has no requests; at least one is needed")
        before_s = 0.0
        for place, request in enumerate(self.requests):
            self._check(place, request, before_s)
            before_s = request.arrives_s

    @cached_property
    def experts(self) -> tuple[str, ...]:
        """The experts asked for, in order of first use."""
        return tuple(dict.fromkeys(request.expert for request in self.requests))

    @property
    def uses(self) -> list[str]:
        """The expert of each request, in order."""
        return [request.expert for request in self.requests]

    @property
    def span_s(self) -> float:
        """From the start to the last arrival, seconds."""
        return self.requests[-1].arrives_s

    def _check(self, place: int, request: Request, before_s: float) -> None:
        where = f"trace {self.name!r}, request {request.id}"
        if request.id != place:
            raise SetupError(f"{where}: it stands at place {place}; ids count from 0")
        if request.arrives_s < before_s:
            raise SetupError(
                f"{where}: it arrives at {request.arrives_s:g} s, before the request above it "
                f"({before_s:g} s); sort by arrival"
            )
        if min(request.output_tokens, request.prompt_tokens) < 1:
            raise SetupError(f"{where}: prompt and output need one token at least")
        late = [needed for needed in request.after if not 0 <= needed < place]
        if late:
            raise SetupError(f"{where}: it comes after {late}, which are not earlier requests")
