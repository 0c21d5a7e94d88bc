"""What is left of several batches as one workload, so that one plan covers them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrator.batch.under_way import OPEN, WAITING, UnderWay
from orchestrator.planner.workload import Workload

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Joint:
    """One workload of the calls that slots are to answer, and whose they are."""

    workload: Workload
    parts: Sequence[UnderWay]
    #: Of each call: its part, and its place in that part's workload.
    part: npt.NDArray[np.int32]
    call: Places

    def owner(self, call: int) -> tuple[UnderWay, int]:
        """The part of a call, and its place in that part's workload."""
        return self.parts[self.part[call]], int(self.call[call])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Share:
    """What one part brings."""

    under: UnderWay
    #: Places in its workload.
    calls: Places
    #: Its lines that have such calls, and of each call the place among them.
    lines: Places
    request: Places
    #: Of each call: its expert, counted as all parts do.
    expert: Places


def joined(parts: Sequence[UnderWay], *, hosted: frozenset[str] | None, now_s: float) -> Joint:
    """Calls of lines that wait or are under way, and that were not made yet.

    Args:
        parts: in order of arrival.
        hosted: experts that slots answer; upstreams need no plan. `None` is all.
        now_s: by the clock of the works' deadlines.
    """
    experts: dict[str, int] = {}
    shares = [_share(under, hosted, experts) for under in parts]
    firsts = np.cumsum([0, *(len(share.lines) for share in shares)])

    def column(of: Callable[[_Share], Any], kind: Any) -> Any:
        return np.concatenate([np.zeros(0, kind), *(of(one) for one in shares)]).astype(kind)

    workload = Workload(
        experts=tuple(experts),
        request=np.concatenate(
            [
                np.zeros(0),
                *(one.request + first for one, first in zip(shares, firsts, strict=False)),
            ]
        ).astype(np.int32),
        stage=column(lambda one: one.under.work.workload.stage[one.calls], np.int32),
        expert=column(lambda one: one.expert, np.int32),
        prompt_tokens=column(
            lambda one: one.under.work.workload.prompt_tokens[one.calls], np.float32
        ),
        output_tokens=column(
            lambda one: one.under.work.workload.output_tokens[one.calls], np.float32
        ),
        deadline_s=column(lambda one: _deadlines(one, now_s), np.float32),
        priority=column(_priorities, np.int32),
    )
    places = [np.full(len(one.calls), at) for at, one in enumerate(shares)]
    return Joint(
        workload=workload,
        parts=parts,
        part=np.concatenate([np.zeros(0), *places]).astype(np.int32),
        call=column(lambda one: one.calls, np.int64),
    )


def _share(under: UnderWay, hosted: frozenset[str] | None, experts: dict[str, int]) -> _Share:
    load = under.work.workload
    is_left = np.isin(under.state, (WAITING, OPEN))[load.request] & ~under.is_made
    if hosted is not None:
        is_hosted = np.array([expert in hosted for expert in load.experts] or [False])
        is_left &= is_hosted[load.expert]
    calls = np.flatnonzero(is_left)
    named = np.zeros(len(load.experts), dtype=np.int64)
    for place in np.unique(load.expert[calls]):
        named[place] = experts.setdefault(load.experts[place], len(experts))
    lines, request = np.unique(load.request[calls], return_inverse=True)
    return _Share(
        under=under,
        calls=calls,
        lines=lines.astype(np.int64),
        request=request.astype(np.int64),
        expert=named[load.expert[calls]],
    )


def _deadlines(share: _Share, now_s: float) -> npt.NDArray[np.float32]:
    left_s = max(share.under.work.deadline_s - now_s, 0.0)
    return np.minimum(share.under.work.workload.deadline_s[share.lines], left_s)


def _priorities(share: _Share) -> npt.NDArray[np.int32]:
    return share.under.work.workload.priority[share.lines] + share.under.work.priority
