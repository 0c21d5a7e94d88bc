"""How far a batch is, as its executor sees it."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.batch.batch import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRun:
    """A run under way, or one that has ended."""

    slot: str
    expert: str
    num_calls: int
    num_done: int
    #: Since the execution began, seconds; `None` where it has not ended.
    begins_s: float
    ends_s: float | None
    #: Whether it began with a swap.
    is_swapped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """Counts since the execution began in this process."""

    num_lines: int
    num_done: int
    num_tokens: int
    #: Generated and read, lately.
    tokens_per_s: float
    swaps_so_far: int
    #: In all, by the plan that holds now.
    swaps_expected: int
    #: `None` where nobody can tell.
    left_s: float | None
    #: Under way now.
    current: tuple[SlotRun, ...] = ()
    #: That have ended, in order.
    ended: tuple[SlotRun, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProgress:
    """How far one batch is, for callers."""

    batch: Batch
    #: `None` where no line of it is being answered here.
    run: RunProgress | None = None
    #: Why it does not move, as where results cannot be stored; `None` where it does.
    obstacle: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One run in a chart; seconds since the batch's execution began, its step before it."""

    slot: str
    expert: str
    stage: int
    num_calls: int
    begins_s: float
    step: str | None
    step_s: float
    ends_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Predicted and happened, in the same form."""

    batch_id: str
    predicted: tuple[Bar, ...] = ()
    happened: tuple[Bar, ...] = ()
    #: Of the plan: proven, for the costs it was made with.
    lower_bound_s: float | None = None
