"""How far a batch is and how it was planned, as the endpoint tells of them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.batch.batch import RequestCounts, Status
from orchestrator.batch.progress import Bar, BatchProgress, RunProgress, SlotRun, Timeline


class Row(BaseModel):
    """A part of the answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CurrentRun(Row):
    """A run under way."""

    slot: str
    expert: str
    num_calls: int
    num_done: int
    begins_s: float = Field(description="Since the execution began.")
    is_swapped: bool = Field(description="Whether it began with a swap.")


class RunState(Row):
    """What its execution counts since it began in this process: after a restart anew."""

    num_lines: int
    num_done: int
    num_tokens: int
    tokens_per_s: float = Field(description="Read and written, lately.")
    swaps_so_far: int
    swaps_expected: int = Field(description="In all, by the plan that holds now.")
    left_s: float | None = Field(description="None where nobody can tell.")
    num_runs_ended: int
    current: list[CurrentRun]


class ProgressState(Row):
    """How far a batch is."""

    object: Literal["batch.progress"] = "batch.progress"
    id: str
    status: Status
    request_counts: RequestCounts = Field(description="Lines, over all restarts.")
    expires_at: int = Field(description="By when it is to end, Unix time.")
    run: RunState | None = Field(description="None while no line of it is being answered.")
    obstacle: str | None = Field(
        None, description="Why it does not move, as where the disk is full; None where it does."
    )


class BarRow(Row):
    """One run; seconds since the execution began."""

    slot: str
    expert: str
    stage: int
    num_calls: int
    begins_s: float = Field(description="Its step begins, if it has one.")
    step: str | None
    step_s: float
    ends_s: float


class TimelineState(Row):
    """What was predicted, and what happened so far."""

    object: Literal["batch.timeline"] = "batch.timeline"
    id: str
    predicted: list[BarRow]
    happened: list[BarRow]
    lower_bound_s: float | None = Field(description="No plan could have ended before.")


def progress_state(progress: BatchProgress) -> ProgressState:
    """How far a batch is, for the endpoint."""
    batch = progress.batch
    return ProgressState(
        id=batch.id,
        status=batch.status,
        request_counts=batch.request_counts,
        expires_at=batch.expires_at,
        run=None if progress.run is None else _run(progress.run),
        obstacle=progress.obstacle,
    )


def timeline_state(timeline: Timeline) -> TimelineState:
    """A timeline for the endpoint."""
    return TimelineState(
        id=timeline.batch_id,
        predicted=[_bar(bar) for bar in timeline.predicted],
        happened=[_bar(bar) for bar in timeline.happened],
        lower_bound_s=timeline.lower_bound_s,
    )


def _run(run: RunProgress) -> RunState:
    return RunState(
        num_lines=run.num_lines,
        num_done=run.num_done,
        num_tokens=run.num_tokens,
        tokens_per_s=round(run.tokens_per_s, 1),
        swaps_so_far=run.swaps_so_far,
        swaps_expected=run.swaps_expected,
        left_s=None if run.left_s is None else round(run.left_s, 1),
        num_runs_ended=len(run.ended),
        current=[_current(one) for one in run.current],
    )


def _current(run: SlotRun) -> CurrentRun:
    return CurrentRun(
        slot=run.slot,
        expert=run.expert,
        num_calls=run.num_calls,
        num_done=run.num_done,
        begins_s=round(run.begins_s, 3),
        is_swapped=run.is_swapped,
    )


def _bar(bar: Bar) -> BarRow:
    return BarRow(
        slot=bar.slot,
        expert=bar.expert,
        stage=bar.stage,
        num_calls=bar.num_calls,
        begins_s=round(bar.begins_s, 3),
        step=bar.step,
        step_s=round(bar.step_s, 3),
        ends_s=round(bar.ends_s, 3),
    )
