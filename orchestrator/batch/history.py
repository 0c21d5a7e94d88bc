"""What was predicted of a batch and what happened, kept beside it for its chart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.batch import places
from orchestrator.batch.progress import Bar, SlotRun, Timeline
from orchestrator.batch.storage import Storage
from orchestrator.errors import NotStoredError
from orchestrator.planner.plan import Plan


class History(BaseModel):
    """Stored: bars in seconds since the batch was first executed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    #: Unix time of the first execution, seconds.
    begun_s: float
    predicted: tuple[Bar, ...] = ()
    happened: tuple[Bar, ...] = ()
    lower_bound_s: float | None = None

    def timeline(self, batch_id: str) -> Timeline:
        """As callers are told."""
        return Timeline(
            batch_id=batch_id,
            predicted=self.predicted,
            happened=self.happened,
            lower_bound_s=self.lower_bound_s,
        )

    def foreseen(self, plan: Plan) -> History:
        """With what a plan predicts; the first prediction stays."""
        if self.predicted:
            return self
        bars = tuple(predicted_bars(plan))
        return self.model_copy(update={"predicted": bars, "lower_bound_s": plan.lower_bound_s})

    def went_on(self, runs: Iterable[SlotRun], *, begun_s: float) -> History:
        """With the runs of one execution, which began at `begun_s`, Unix time."""
        bars = tuple(happened_bars(runs, later_s=begun_s - self.begun_s))
        return self.model_copy(update={"happened": (*self.happened, *bars)})


def predicted_bars(plan: Plan) -> Iterable[Bar]:
    """One a run, in order of time."""
    for run in sorted(plan.runs, key=lambda run: (run.begins_s, run.slot)):
        yield Bar(
            slot=run.slot,
            expert=run.expert,
            stage=run.stage,
            num_calls=len(run.calls),
            begins_s=float(run.begins_s),
            step=run.step,
            step_s=float(run.step_s),
            ends_s=float(run.ends_s),
        )


def happened_bars(runs: Iterable[SlotRun], *, later_s: float) -> Iterable[Bar]:
    """One a run that has ended, moved by the time between two executions."""
    for run in runs:
        if run.ends_s is not None:
            yield Bar(
                slot=run.slot,
                expert=run.expert,
                stage=0,
                num_calls=run.num_done,
                begins_s=run.begins_s + later_s,
                step="swap" if run.is_swapped else None,
                step_s=0.0,
                ends_s=run.ends_s + later_s,
            )


async def load_history(storage: Storage, batch_id: str) -> History | None:
    """What is stored; a damaged one is as none.

    Raises:
        StorageError: it cannot be read now.
    """
    try:
        return History.model_validate_json(await storage.read(places.timeline(batch_id)))
    except (NotStoredError, ValidationError):
        return None


async def save_history(storage: Storage, batch_id: str, history: History) -> None:
    """Keep it beside the batch.

    Raises:
        StorageError: it cannot be stored now.
    """
    await storage.write(places.timeline(batch_id), history.model_dump_json().encode())
