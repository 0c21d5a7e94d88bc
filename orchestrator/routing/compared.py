"""What a log says of routers that are compared: which of them chose, and what shadows chose."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from routers.resampling import Share

#: What a line is; before its object older logs have the time and what wrote it.
_ACTION = re.compile(r'"action": ?"(request|shadow)"')
_SERVER_ERROR = 500
#: Asks who would answer: nothing is generated, so it takes no time and no tokens worth a mean.
_NO_ANSWER = "POST /v1/route"


class _Request(BaseModel):
    """Of a request's line what is read here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    action: Literal["request"]
    router: str
    request: str = ""
    chosen_by: str | None = None
    status: int
    duration_ms: float
    completion_tokens: int = 0
    cost_usd: float | None = None


class _Shadow(BaseModel):
    """Of a shadow's line."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    action: Literal["shadow"]
    router: str
    shadow: str
    chosen: str
    other: str


_LINE: TypeAdapter[_Request | _Shadow] = TypeAdapter(
    Annotated[_Request | _Shadow, Field(discriminator="action")]
)


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

    router: str
    shadow: str
    #: Of the prompts that it chose for.
    agreed: Share
    #: What was chosen, what the shadow would have chosen, and how often; the most frequent first.
    differences: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that was compared."""

    arms: tuple[Arm, ...]
    agreements: tuple[Agreement, ...]


def compare(lines: Iterable[str]) -> Comparison:
    """Sum up a log; lines of neither an answer of a router's choice nor a shadow are left out."""
    sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    pairs: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    num_placed: Counter[str] = Counter()
    for line in _read(lines):
        if isinstance(line, _Shadow):
            pairs[line.router, line.shadow][line.chosen, line.other] += 1
        elif line.request != _NO_ANSWER:
            num_placed[line.router] += 1
            _add(sums[line.router, line.chosen_by or line.router], line)
    return Comparison(
        arms=tuple(_arm(*key, found, of=num_placed[key[0]]) for key, found in sorted(sums.items())),
        agreements=tuple(_agreement(*key, found) for key, found in sorted(pairs.items())),
    )


def _read(lines: Iterable[str]) -> Iterator[_Request | _Shadow]:
    for line in lines:
        if _ACTION.search(line) is None:
            continue
        try:
            fields = json.loads(line[line.index("{") :])
            if fields.get("router") is not None:
                yield _LINE.validate_python(fields)
        except ValueError:
            continue  # cut off by a full disk or a rotation: the next line is whole again


def _add(sums: Counter[str], line: _Request) -> None:
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


def _agreement(router: str, shadow: str, pairs: Counter[tuple[str, str]]) -> Agreement:
    same = sum(count for (one, other), count in pairs.items() if one == other)
    differing = [(one, other, count) for (one, other), count in pairs.items() if one != other]
    return Agreement(
        router=router,
        shadow=shadow,
        agreed=Share(right=same, asked=pairs.total()),
        differences=tuple(sorted(differing, key=lambda it: (-it[2], it[:2]))),
    )
