"""The dispatch table, from what workers say and the homes that were chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from orchestrator.residency.choice import SlotOutlook
from orchestrator.residency.placement import DispatchTable
from orchestrator.service.reports import WorkerReport


def tabled(
    slots_by_key: Mapping[str, Sequence[str]],
    homes: Mapping[str, Sequence[str]] | None,
    workers: Iterable[WorkerReport],
) -> DispatchTable:
    """What gateways dispatch by.

    Args:
        slots_by_key: who takes calls for what.
        homes: slots that are preferred, `None` while that is not known; the table names those of
            them that take calls.
        workers: as they were at their last answer.
    """
    at_home = None
    if homes is not None:
        found = {key: _taking(homes.get(key, ()), slots) for key, slots in slots_by_key.items()}
        at_home = {key: names for key, names in found.items() if names}
    return DispatchTable(
        slots_by_expert={key: tuple(slots) for key, slots in slots_by_key.items()},
        homes_by_expert=at_home,
        outlook_by_slot={
            one.slot: outlook for one in workers if (outlook := outlook_of(one)) is not None
        },
    )


def outlook_of(worker: WorkerReport) -> SlotOutlook | None:
    """What gateways are told of a slot; `None` of one that does not answer."""
    report = worker.report
    if report is None or worker.state == "silent":
        return None
    swaps_s = [host.last_swap_s for host in report.hosts if host.last_swap_s is not None]
    fields = {} if not swaps_s else {"swap_s": sum(swaps_s) / len(swaps_s)}
    return SlotOutlook(
        residents=report.residents,
        wait_s_by_expert={one.expert: one.expected_s for one in report.waiting},
        num_engines=max(sum(host.rung == "serving" for host in report.hosts), 1),
        **fields,
    )


def _taking(homes: Sequence[str], slots: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in homes if name in slots)
