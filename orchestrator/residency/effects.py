"""What a loop needs of the slot it drives: the seam that keeps `residency` left of `engines`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from orchestrator.errors import OrchestratorError
from orchestrator.residency.actions import StepAction
from orchestrator.residency.decision import Decision
from orchestrator.residency.state import Footprint, Rung
from orchestrator.residency.tickets import Ticket


class Berth(Protocol):
    """One engine of a slot as it is now: asked for anew each time, never remembered."""

    @property
    def lineage(self) -> str:
        """Whose experts it can become."""
        ...

    @property
    def experts(self) -> Collection[str]:
        """What it can become, in the order of the assignment."""
        ...

    @property
    def starters(self) -> Collection[str]:
        """What it may be started with: `experts`, and those that it is about to stand for."""
        ...

    @property
    def residents(self) -> Collection[str]:
        """Experts that answer without a swap, or would once awake; none while not certain."""
        ...

    @property
    def adapters(self) -> Collection[str]:
        """Adapters, resident or not, that belong on the weights that are loaded."""
        ...

    @property
    def weights_by_adapter(self) -> Mapping[str, str]:
        """The adapters among `experts`, each with a name for the weights it is put on."""
        ...

    @property
    def max_adapters(self) -> int:
        """Adapters that may be resident at once."""
        ...

    @property
    def rung(self) -> Rung:
        """Where it stands."""
        ...

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """Rungs it can take; without `stopped` an engine that ended is not started again."""
        ...

    @property
    def footprints(self) -> Mapping[Rung, Footprint]:
        """Memory by rung."""
        ...


class Effects(Protocol):
    """Acts on the engines of a slot and hears what happened; only `take` may take time."""

    async def take(self, step: StepAction) -> None:
        """Take a step: nothing is in flight on its engine, but an addition is made beside calls.

        `Stop` is also how an engine that died is put away; it does not fail.

        Raises:
            OutOfMemoryError: there is no room for the engine; it is as it was.
            SwapError: the expert is not in place, but the engine can serve others; or it cannot
                take this step at all.
            EngineDeadError: the engine is gone, or does not start.
        """
        ...

    def queued(self, num_waiting: int, *, num_in_background: int) -> None:
        """The queue now has this length, and so many calls wait that nobody waits for."""
        ...

    def decided(self, decision: Decision) -> None:
        """Something was decided, an admission excepted."""
        ...

    def admitted(self, ticket: Ticket, *, engine: str, waited_s: float, is_hit: bool) -> None:
        """A ticket's turn has come; a hit found its expert resident when it arrived."""
        ...

    def recalled(self, ticket: Ticket, *, engine: str) -> None:
        """A background call lets go of its engine, and waits again."""
        ...

    def refused(self, ticket: Ticket, error: OrchestratorError, *, waited_s: float | None) -> None:
        """A ticket got no turn; `waited_s` is `None` where it was not let wait."""
        ...

    def left(self, ticket: Ticket, *, waited_s: float) -> None:
        """A caller hung up while it waited."""
        ...

    def stepped(self, step: StepAction, *, took_s: float, error: OrchestratorError | None) -> None:
        """A step ended; `error` says why it failed."""
        ...

    def died(self, engine: str, error: OrchestratorError) -> None:
        """An engine is dead; it is put away, and started again where it is needed or fits."""
        ...

    def gone(self, engine: str) -> None:
        """An engine that is not wanted has ended and is forgotten."""
        ...
