"""What an operator wants of one expert, and what became of it at a slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

#: Bring it up and have it resident; have its engine step down; keep it; keep it no longer.
WishKind = Literal["load", "unload", "pin", "unpin"]
WISH_KINDS: tuple[WishKind, ...] = get_args(WishKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One wish."""

    kind: WishKind
    #: Id of the expert, for messages.
    expert: str
    #: Its `Expert.key`: the definition that is meant.
    key: str
    #: Where; `None` leaves it to who sees all slots.
    slot: str | None = None
    #: Answer when it is done, not when it is begun.
    waits: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What became of a wish at one slot."""

    slot: str
    #: `begun`: nobody waits for its end; the slot's log has it.
    outcome: Literal["done", "begun"]
    #: Until the answer, seconds.
    took_s: float
