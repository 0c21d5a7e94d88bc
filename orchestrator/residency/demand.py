"""What homes are chosen by: who is asked for how much, where it may run, and what things cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.residency.load import Load
from orchestrator.residency.spaces import Lineage, SlotSpace


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What things take, in seconds, as far as it was seen; defaults where it was not."""

    #: By `Expert.key`: bringing its weights into a live engine of its lineage, and one call.
    swap_s_by_expert: Mapping[str, float] = field(default_factory=dict)
    call_s_by_expert: Mapping[str, float] = field(default_factory=dict)
    swap_s: float = 1.0
    call_s: float = 1.0
    #: By slot, how much longer a call takes there than elsewhere.
    pace_by_slot: Mapping[str, float] = field(default_factory=dict)
    #: An engine, with its first weights.
    start_s: float = 30.0
    #: Calls that a slot answers beside one another.
    calls_beside: float = 16.0
    #: Share of its time that a slot may be busy before waits grow out of proportion.
    at_ease: float = 0.6
    #: How long a placement should last: a move is to pay within this.
    horizon_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What answers from one engine without a swap: an expert and the adapters on its weights."""

    #: Key of the expert whose weights they are.
    id: str
    experts: tuple[str, ...]
    lineage: str
    calls_per_s: float
    call_s: float
    swap_s: float

    @property
    def busy(self) -> float:
        """Calls under way at a time."""
        return self.calls_per_s * self.call_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Everything that homes are chosen by."""

    #: Those that are asked for at all, the most asked first.
    units: tuple[Unit, ...]
    #: By ids of units: how often a second the one is the next stage after the other.
    followed_per_s: Mapping[tuple[str, str], float]
    lineages: Mapping[str, Lineage]
    slots: Mapping[str, SlotSpace]
    prices: Prices

    def share(self, unit: Unit) -> float:
        """Part of one slot's time that all calls of a unit take."""
        return unit.busy / self.prices.calls_beside


def demand_of(
    lineages: Sequence[Lineage], slots: Sequence[SlotSpace], load: Load, prices: Prices
) -> Demand:
    """What is asked of which weights.

    Experts that nobody asked for are left out: nothing is known of where they should be.
    """
    unit_by_key: dict[str, str] = {}
    units = []
    for lineage in lineages:
        experts_by_unit: dict[str, list[str]] = {}
        for key in lineage.experts:
            if key not in unit_by_key:
                unit_by_key[key] = lineage.weights_by_adapter.get(key, key)
                experts_by_unit.setdefault(unit_by_key[key], []).append(key)
        units += [_unit(id_, keys, lineage, load, prices) for id_, keys in experts_by_unit.items()]
    asked = [unit for unit in units if unit.calls_per_s > 0]
    return Demand(
        units=tuple(sorted(asked, key=lambda unit: (-unit.busy, unit.id))),
        followed_per_s=_by_unit(load.followed_per_s, unit_by_key),
        lineages={lineage.id: lineage for lineage in lineages},
        slots={slot.name: slot for slot in slots},
        prices=prices,
    )


def _unit(id_: str, keys: Sequence[str], lineage: Lineage, load: Load, prices: Prices) -> Unit:
    rates = {key: load.calls_per_s.get(key, 0.0) for key in keys}
    calls_per_s = sum(rates.values())
    busy = sum(
        rate * prices.call_s_by_expert.get(key, prices.call_s) for key, rate in rates.items()
    )
    return Unit(
        id=id_,
        experts=tuple(keys),
        lineage=lineage.id,
        calls_per_s=calls_per_s,
        call_s=busy / calls_per_s if calls_per_s else prices.call_s,
        swap_s=prices.swap_s_by_expert.get(id_, prices.swap_s),
    )


def _by_unit(
    followed_per_s: Mapping[tuple[str, str], float], unit_by_key: Mapping[str, str]
) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for (one, other), per_s in followed_per_s.items():
        pair = unit_by_key.get(one, one), unit_by_key.get(other, other)
        if pair[0] != pair[1]:
            found[pair] = found.get(pair, 0.0) + per_s
    return found
