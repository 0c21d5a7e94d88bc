"""What a log says of routers that are compared: which of them chose, and what shadows chose."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from routers.resampling import Share

#: How a request's line begins in the log, behind the time and what wrote it.
_BEGINS = '{"action":"request"'
_SERVER_ERROR = 500


class _Line(BaseModel):
    """Of a request's line what is read here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    router: str
    expert: str
    chosen_by: str | None = None
    status: int
    duration_ms: float
    completion_tokens: int = 0
    cost_usd: float | None = None
    compared: dict[str, str | None] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Requests that one router of a router placed."""

    router: str
    chosen_by: str
    num_requests: int
    #: Of all that the router placed.
    share: float
    #: Ended in an error of the service.
    num_failed: int
    mean_ms: float
    mean_tokens: float
    #: Of those whose cost is known; `None` where none is.
    mean_cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One router beside a shadow of it."""

    chosen_by: str
    shadow: str
    #: Of the requests whose shadow had chosen when they ended.
    agreed: Share
    num_unknown: int
    #: What was chosen, what the shadow would have chosen, and how often; the most frequent first.
    differences: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that was compared."""

    arms: tuple[Arm, ...]
    agreements: tuple[Agreement, ...]


def compare(lines: Iterable[str]) -> Comparison:
    """Sum up a log; lines that are no request's, or of one that no router placed, are left out."""
    sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    chosen: dict[tuple[str, str], Counter[tuple[str, str | None]]] = defaultdict(Counter)
    num_placed: Counter[str] = Counter()
    for line in _requests(lines):
        chosen_by = line.chosen_by or line.router
        num_placed[line.router] += 1
        _add(sums[line.router, chosen_by], line)
        for shadow, expert in line.compared.items():
            chosen[chosen_by, shadow][line.expert, expert] += 1
    return Comparison(
        arms=tuple(_arm(*key, found, of=num_placed[key[0]]) for key, found in sorted(sums.items())),
        agreements=tuple(_agreement(*key, pairs) for key, pairs in sorted(chosen.items())),
    )


def _requests(lines: Iterable[str]) -> Iterator[_Line]:
    for line in lines:
        _, begins, rest = line.partition(_BEGINS)
        if not begins:
            continue
        try:
            fields = json.loads(begins + rest)
            if fields.get("router") is not None and fields.get("expert") is not None:
                yield _Line.model_validate(fields)
        except (ValueError, ValidationError):
            continue  # cut off by a full disk or a rotation: the next line is whole again


def _add(sums: Counter[str], line: _Line) -> None:
    sums["requests"] += 1
    sums["failed"] += line.status >= _SERVER_ERROR
    sums["us"] += round(line.duration_ms * 1000)
    sums["tokens"] += line.completion_tokens
    if line.cost_usd is not None:
        sums["priced"] += 1
        sums["nano_usd"] += round(line.cost_usd * 1e9)


def _arm(router: str, chosen_by: str, sums: Counter[str], *, of: int) -> Arm:
    num = sums["requests"]
    return Arm(
        router=router,
        chosen_by=chosen_by,
        num_requests=num,
        share=num / of,
        num_failed=sums["failed"],
        mean_ms=sums["us"] / 1000 / num,
        mean_tokens=sums["tokens"] / num,
        mean_cost_usd=sums["nano_usd"] / 1e9 / sums["priced"] if sums["priced"] else None,
    )


def _agreement(chosen_by: str, shadow: str, pairs: Counter[tuple[str, str | None]]) -> Agreement:
    known = [(one, other, count) for (one, other), count in pairs.items() if other is not None]
    num_known = sum(count for *_, count in known)
    return Agreement(
        chosen_by=chosen_by,
        shadow=shadow,
        agreed=Share(right=sum(n for one, other, n in known if one == other), asked=num_known),
        num_unknown=pairs.total() - num_known,
        differences=tuple(
            sorted((it for it in known if it[0] != it[1]), key=lambda it: (-it[2], it[:2]))
        ),
    )
