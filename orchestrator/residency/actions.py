"""What a policy can have done: one action at a time, carried out by the loop or a simulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit:
    """Let this ticket's call run now on an engine that holds its expert."""

    ticket_id: int
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Admit nothing more on this engine, so that `expert` can have its place."""

    engine: str
    #: `None` takes an earlier drain back.
    expert: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Make this sibling resident in place; nothing is in flight there."""

    engine: str
    expert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """Put this adapter on the weights that are loaded, beside whatever is in flight."""

    engine: str
    expert: str
    #: A resident adapter that answers no call and makes room, `None` where there is room.
    instead_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """Bring a sleeper back, holding `expert`."""

    engine: str
    expert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleep:
    """Put an engine without calls in flight to sleep, to free device memory."""

    engine: str
    rung: Literal["asleep", "weightless"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start a stopped engine, holding `expert`."""

    engine: str
    expert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """End the process of an engine without calls in flight."""

    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """This ticket's time is up."""

    ticket_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Have background calls that run on this engine let go of it; they wait again."""

    ticket_ids: tuple[int, ...]
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promote:
    """From now on this background call counts like one that somebody waits for."""

    ticket_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing to do before the next event, or before `until_s`."""

    until_s: float | None = None


#: What changes an engine and takes time.
StepAction = Swap | Add | Wake | Sleep | Start | Stop
Action = Admit | Drain | Expire | Recall | Promote | Wait | StepAction
