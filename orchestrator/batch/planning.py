"""From what slots say of themselves to what a plan is made with: slots, and what experts cost.

Slots speak of `Expert.key`, plans of ids: of the registry's definitions alone, since a slot may
still host one of before. What no slot has seen yet is taken for what its like took on average.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp, inf, log
from statistics import fmean

from orchestrator.batch.paces import Paces
from orchestrator.engines.sighting import Residency, Sighting
from orchestrator.engines.slot_report import HostReport, SlotReport
from orchestrator.planner.slots import ExpertCost, PlannedSlot
from orchestrator.registry.models import Expert, Registry

#: Of steps that nobody has taken yet, seconds.
_SWAP_S, _START_S = 1.0, 30.0


def planned_slots(residency: Residency, registry: Registry) -> tuple[PlannedSlot, ...]:
    """Slots that can be asked, as they are now."""
    seen = _Seen(residency, registry)
    return tuple(seen.slot(report) for report in seen.reports)


def expert_costs(
    residency: Residency, registry: Registry, paces: Paces
) -> Mapping[str, ExpertCost]:
    """What experts take that a slot hosts, by id.

    Args:
        residency: what slots say.
        registry: whose experts are meant.
        paces: what runs of batches taught.
    """
    seen = _Seen(residency, registry)
    return {expert.id: seen.cost(expert, paces) for expert in seen.expert_by_key.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """What steps of one expert take on average, seconds."""

    swap_s: float
    start_s: float
    wake_s: float


class _Seen:
    """What slots say, in the registry's words."""

    def __init__(self, residency: Residency, registry: Registry) -> None:
        self._table = residency.table
        self.reports = [one.report for one in residency.slots if _is_asked(one) and one.report]
        hosted = residency.table.slots_by_expert
        self.expert_by_key = {one.key: one for one in registry.experts if one.key in hosted}
        self._hosts = [host for report in self.reports for host in report.hosts]
        self._lineage_by_key = {key: host.lineage for host in self._hosts for key in host.experts}

    def slot(self, report: SlotReport) -> PlannedSlot:
        """One slot."""
        room_gib = report.device_room_gib
        return PlannedSlot(
            name=report.name,
            experts=frozenset(self._ids(self._table.experts_on(report.name))),
            memory_gib=inf if room_gib is None else room_gib,
            residents=tuple(self._ids(report.residents)),
            serving=_lineages(report.hosts, rungs=("serving",)),
            asleep=_lineages(report.hosts, rungs=("asleep", "weightless")),
            speed=self._speed(report),
        )

    def cost(self, expert: Expert, paces: Paces) -> ExpertCost:
        """One expert."""
        pace, steps = paces.pace(expert.id), self._steps(expert)
        lineage = self._lineage_by_key.get(expert.key, f"of {expert.id}")
        return ExpertCost(
            lineage=lineage,
            base=expert.base,
            memory_gib=max((h.serving_gib for h in self._hosts if h.lineage == lineage), default=0),
            swap_s=steps.swap_s,
            wake_s=steps.wake_s,
            start_s=steps.start_s,
            prompt_token_s=pace.prompt_token_s,
            output_token_s=pace.output_token_s,
            tail_s=pace.tail_s,
        )

    def _ids(self, keys: Iterable[str]) -> list[str]:
        return [self.expert_by_key[key].id for key in keys if key in self.expert_by_key]

    def _steps(self, expert: Expert) -> _Steps:
        reports = self.reports
        in_place = [one.add_s if expert.is_adapter else one.swap_s for one in reports]
        told = [outlook.swap_s for outlook in self._table.outlook_by_slot.values()]
        swap_s = _mean(expert.key, in_place, default=fmean(told) if told else _SWAP_S)
        return _Steps(
            swap_s=swap_s,
            start_s=_mean(expert.key, [one.start_s for one in reports], default=_START_S),
            wake_s=_mean(expert.key, [one.wake_s for one in reports], default=inf),
        )

    def _speed(self, report: SlotReport) -> float:
        """How much faster calls are here than on average over the slots that know them too."""
        others = [one.call_s for one in self.reports if one is not report]
        ratios = [
            fmean([here_s, *there_s]) / here_s
            for key, here_s in report.call_s.items()
            if here_s > 0 and (there_s := [one[key] for one in others if key in one])
        ]
        return exp(fmean(log(one) for one in ratios)) if ratios else 1.0


def _is_asked(sighting: Sighting) -> bool:
    return sighting.health in ("ready", "starting")


def _lineages(hosts: Iterable[HostReport], *, rungs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(host.lineage for host in hosts if host.rung in rungs))


def _mean(key: str, seen: Iterable[Mapping[str, float]], *, default: float) -> float:
    """What was seen of an expert, else of all, else the default."""
    tables = list(seen)
    own = [table[key] for table in tables if key in table]
    every = [took_s for table in tables for took_s in table.values()]
    return fmean(own) if own else fmean(every) if every else default
