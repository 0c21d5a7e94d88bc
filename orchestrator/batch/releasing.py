"""Which calls that are held go on now, and where: a pure decision.

A slot's plan is a list of runs. Its first run goes until all that it waits for was let go; what is
let go behind it already waits in the slot while the run before ends. Beside it whatever a resident
expert can answer rides along, where no other slot has it in its plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLeft:
    """A run of a plan that is being carried out, as far as it is not."""

    #: In the plan.
    place: int
    expert: str
    #: Its calls that lines under way have still to make, or have made and that are held.
    num_coming: int
    #: Its calls of lines that nobody has begun.
    num_unstarted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotNow:
    """One slot at this moment."""

    name: str
    residents: frozenset[str] = frozenset()
    #: Who may be asked there; `None` is all.
    experts: frozenset[str] | None = None
    #: Our calls that wait or run there, by expert.
    num_out: Mapping[str, int] = field(default_factory=dict)
    #: Most of them at once.
    window: int = 1
    #: What is left of its plan, in order.
    runs: Sequence[RunLeft] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """So many calls of an expert go to a slot."""

    slot: str
    expert: str
    num_calls: int
    #: The run they go under; `None` of what rides along.
    run: int | None = None


def grants(
    slots: Sequence[SlotNow],
    num_held: Mapping[str, int],
    *,
    is_wave_full: bool = False,
    is_stuck: bool = False,
) -> list[Grant]:
    """What is let go now, in this order.

    Args:
        slots: all that answer.
        num_held: calls that wait, by expert.
        is_wave_full: no further line is begun until most of those under way have ended, so runs
            wait for no line that is not under way.
        is_stuck: nothing of ours is under way anywhere, so what a run waits for will not come.
    """
    left = dict(num_held)
    given: list[Grant] = []
    for slot in slots:
        elsewhere = _planned_elsewhere(slots, slot)
        turn = _Turn(slot=slot, left=left, room=slot.window - sum(slot.num_out.values()))
        given += turn.riding(elsewhere)
        given += turn.in_order(is_wave_full=is_wave_full)
        if is_stuck and not given:
            given += turn.anyhow()
    return given


def _planned_elsewhere(slots: Sequence[SlotNow], own: SlotNow) -> dict[str, int]:
    """Calls that other slots' plans wait for, by expert."""
    found: dict[str, int] = {}
    for slot in slots:
        if slot.name != own.name:
            for run in slot.runs:
                found[run.expert] = found.get(run.expert, 0) + run.num_coming
    return found


@dataclass(slots=True, kw_only=True)
class _Turn:
    """One slot's share of what is held."""

    slot: SlotNow
    #: Shared by all slots: what nobody was given yet.
    left: dict[str, int]
    room: int

    def riding(self, elsewhere: Mapping[str, int]) -> Iterator[Grant]:
        """What residents answer beside the plan, while nobody else of ours is asked there."""
        slot = self.slot
        current = next((run.expert for run in slot.runs), None)
        others = {expert for expert, num in slot.num_out.items() if num} - slot.residents
        if others:
            return
        for expert in sorted(slot.residents):
            if expert != current:
                surplus = self.left.get(expert, 0) - elsewhere.get(expert, 0)
                yield from self._given(expert, surplus)

    def in_order(self, *, is_wave_full: bool) -> Iterator[Grant]:
        """What the plan has next; a run that waits for more keeps the place."""
        for run in self.slot.runs:
            num_given = 0
            for grant in self._given(run.expert, run.num_coming, run=run.place):
                num_given = grant.num_calls
                yield grant
            is_over = run.num_coming <= num_given and (is_wave_full or not run.num_unstarted)
            if not is_over or self.room <= 0:
                return

    def anyhow(self) -> Iterator[Grant]:
        """What is held for whoever the plan has soonest, else for whoever has most."""
        planned = (run.expert for run in self.slot.runs)
        most = sorted(self.left, key=lambda expert: (-self.left[expert], expert))
        for expert in (*planned, *most):
            if self.left.get(expert) and self._may(expert):
                yield from self._given(expert, self.left[expert])
                return

    def _may(self, expert: str) -> bool:
        return self.slot.experts is None or expert in self.slot.experts

    def _given(self, expert: str, wanted: int, *, run: int | None = None) -> Iterable[Grant]:
        num_calls = min(wanted, self.left.get(expert, 0), self.room)
        if num_calls <= 0:
            return ()
        self.left[expert] -= num_calls
        self.room -= num_calls
        return (Grant(slot=self.slot.name, expert=expert, num_calls=num_calls, run=run),)
