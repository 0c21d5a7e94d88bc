"""From what a slot holds to what it should hold: the steps to take now, as a pure function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

#: `draining` takes no calls and ends those it has; `failed` holds nothing.
State = Literal["starting", "up", "draining", "closing", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One engine of a slot, from its start until it is gone."""

    lineage: str
    state: State
    memory_gib: float
    #: A failed one is not tried again before.
    retry_at_s: float = 0.0
    #: Whether one that drains has nothing left.
    is_idle: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start the engine of this lineage."""

    lineage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Take no more calls for this lineage."""

    lineage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """Take calls again for this lineage, which was draining."""

    lineage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """End the engine of this lineage."""

    lineage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """This lineage failed and is not wanted any more."""

    lineage: str


Step = Start | Drain | Welcome | Close | Forget


def next_steps(
    tenants: Sequence[Tenant],
    wanted_gib: Mapping[str, float],
    *,
    room_gib: float,
    at_once: int,
    now_s: float,
) -> tuple[Step, ...]:
    """What to do now; asked again whenever something has ended, it leads to what is wanted.

    An engine that is not wanted takes no more calls, and ends when it has none left. One that is
    wanted starts once it has room, in the order of `wanted_gib`: none overtakes an earlier one
    that waits for room. One that is starting is let start, since a start cannot be broken off
    cleanly. What is up and wanted is left alone.

    Args:
        tenants: what the slot holds.
        wanted_gib: memory of each lineage that it should hold.
        room_gib: memory of the slot.
        at_once: engines that may start at a time.
        now_s: the clock that `Tenant.retry_at_s` is of.
    """
    return (
        *_partings(tenants, wanted_gib),
        *_returns(tenants, wanted_gib),
        *_starts(tenants, wanted_gib, room_gib=room_gib, at_once=at_once, now_s=now_s),
    )


def waits_for_room(
    tenants: Sequence[Tenant], wanted_gib: Mapping[str, float], *, room_gib: float
) -> tuple[str, ...]:
    """Lineages that are wanted and not begun, because what has to leave has not left."""
    held = {tenant.lineage for tenant in tenants}
    free_gib = room_gib - _taken_gib(tenants)
    return tuple(
        lineage for lineage, gib in wanted_gib.items() if lineage not in held and gib > free_gib
    )


def _partings(tenants: Sequence[Tenant], wanted_gib: Mapping[str, float]) -> Iterator[Step]:
    for tenant in tenants:
        if tenant.lineage in wanted_gib:
            continue
        match tenant.state:
            case "up":
                yield Drain(lineage=tenant.lineage)
            case "draining" if tenant.is_idle:
                yield Close(lineage=tenant.lineage)
            case "failed":
                yield Forget(lineage=tenant.lineage)


def _returns(tenants: Sequence[Tenant], wanted_gib: Mapping[str, float]) -> Iterator[Step]:
    for tenant in tenants:
        if tenant.state == "draining" and tenant.lineage in wanted_gib:
            yield Welcome(lineage=tenant.lineage)


def _starts(
    tenants: Sequence[Tenant],
    wanted_gib: Mapping[str, float],
    *,
    room_gib: float,
    at_once: int,
    now_s: float,
) -> Iterator[Start]:
    by_lineage = {tenant.lineage: tenant for tenant in tenants}
    free_gib = room_gib - _taken_gib(tenants)
    num_free = at_once - sum(tenant.state == "starting" for tenant in tenants)
    for lineage, gib in wanted_gib.items():
        tenant = by_lineage.get(lineage)
        if tenant is not None and (tenant.state != "failed" or tenant.retry_at_s > now_s):
            continue
        if num_free < 1 or gib > free_gib:
            return
        num_free, free_gib = num_free - 1, free_gib - gib
        yield Start(lineage=lineage)


def _taken_gib(tenants: Sequence[Tenant]) -> float:
    return sum(tenant.memory_gib for tenant in tenants if tenant.state != "failed")
