"""The dispatch table, from what workers say and the homes that were chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from orchestrator.engines.slot_report import SlotReport
from orchestrator.registry.widths import width
from orchestrator.residency.choice import SlotOutlook
from orchestrator.residency.placement import DispatchTable
from orchestrator.service.reports import WorkerReport


def tabled(
    slots_by_key: Mapping[str, Sequence[str]],
    homes: Mapping[str, Sequence[str]] | None,
    workers: Iterable[WorkerReport],
    *,
    paused: Mapping[str, frozenset[str]],
) -> DispatchTable:
    """What gateways dispatch by.

    Args:
        slots_by_key: who takes calls for what.
        homes: slots that are preferred, `None` while that is not known; the table names those of
            them that take calls.
        workers: as they were at their last answer.
        paused: keys that slots took calls for before they began to be restarted.
    """
    at_home = None
    if homes is not None:
        found = {key: _taking(homes.get(key, ()), slots) for key, slots in slots_by_key.items()}
        at_home = {key: names for key, names in found.items() if names}
    return DispatchTable(
        slots_by_expert={key: tuple(slots) for key, slots in slots_by_key.items()},
        homes_by_expert=at_home,
        awaited=frozenset().union(*paused.values()) - slots_by_key.keys(),
        outlook_by_slot=_outlooks([one for one in workers if one.state != "silent"]),
    )


def typical_s(
    workers: Iterable[WorkerReport], of: Callable[[SlotReport], Mapping[str, float]]
) -> float | None:
    """A mean over everything that slots have seen, seconds; `None` where they have seen nothing."""
    reports = [one.report for one in workers if one.report is not None]
    seen = [took_s for report in reports for took_s in of(report).values()]
    return sum(seen) / len(seen) if seen else None


def _outlooks(workers: Sequence[WorkerReport]) -> dict[str, SlotOutlook]:
    found: dict[str, SlotOutlook] = {}
    for on_gpu in (False, True):
        alike = [one for one in workers if bool(width(one.slot).gpus) is on_gpu]
        swap_s = typical_s(alike, lambda report: report.swap_s)
        call_s = typical_s(alike, lambda report: report.call_s)
        for worker in alike:
            if worker.report is not None:
                found[worker.slot] = _outlook(worker.report, swap_s=swap_s, call_s=call_s)
    return found


def _outlook(report: SlotReport, *, swap_s: float | None, call_s: float | None) -> SlotOutlook:
    """What gateways are told of a slot; seconds where some were seen."""
    told = {"swap_s": swap_s, "call_s": call_s}
    return SlotOutlook(
        residents=report.residents,
        broken=tuple(report.broken),
        wait_s_by_expert={one.expert: one.expected_s for one in report.waiting},
        may_swap=not report.hosts or any(not host.pinned for host in report.hosts),
        num_engines=max(sum(host.rung == "serving" for host in report.hosts), 1),
        **{name: took_s for name, took_s in told.items() if took_s is not None},
    )


def _taking(homes: Sequence[str], slots: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in homes if name in slots)
