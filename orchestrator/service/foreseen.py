"""What a service of a registry would choose under the load of a trace; nothing is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrator.api.admin_placement import placement_state
from orchestrator.engines.vllm_args import installed_arguments
from orchestrator.errors import RegistryError
from orchestrator.registry.loader import check
from orchestrator.registry.models import Registry
from orchestrator.residency.demand import Prices, demand_of
from orchestrator.residency.forecast import Arrangement
from orchestrator.residency.homes import Limits
from orchestrator.residency.load import Load
from orchestrator.residency.placement_report import PlacementReport
from orchestrator.residency.rearranging import proposed
from orchestrator.residency.solver import solved
from orchestrator.service.layout import claims_of, grouped, lay_out, spaces_of
from orchestrator.simulation.trace import Trace


def foreseen(path: Path, trace: Trace) -> dict[str, Any]:
    """The placement of the registry in `path`, as `GET /admin/placement` tells it.

    Raises:
        RegistryError: the registry has faults; one a line.
    """
    checked = check(path, engine_args=installed_arguments())
    if checked.registry is None:
        raise RegistryError("\n".join(str(fault) for fault in checked.faults))
    registry = checked.registry
    layout = lay_out(registry, grouped(registry, path.resolve().parent))
    load = load_of(trace, registry)
    demand = demand_of(claims_of(layout), spaces_of(layout), load, Prices())
    now = Arrangement(hosts=layout.slots_by_lineage, homes={})
    proposal = proposed(demand, now, limits=Limits(), solver=solved)
    homes = proposal.arrangement.homes
    units = [unit for unit in demand.units if unit.id in homes]
    report = PlacementReport(
        is_observed=registry.defaults.placement == "observed",
        load=load,
        homes={},
        proposed_homes={key: homes[unit.id] for unit in units for key in unit.experts},
        hosts=now.hosts,
        proposed_hosts=proposal.arrangement.hosts,
        proposal=proposal,
        changed_s_ago=None,
        is_carried_out=False,
    )
    return placement_state(report).model_dump(mode="json")


def load_of(trace: Trace, registry: Registry) -> Load:
    """What a trace asks of a registry's experts a second, on average.

    Raises:
        RegistryError: it asks for an expert that is not in the registry.
    """
    key_by_id = {expert.id: expert.key for expert in registry.experts}
    unknown = sorted(set(trace.experts) - key_by_id.keys())
    if unknown:
        raise RegistryError(
            f"trace {trace.name!r} asks for {unknown[:3]}, which are not in the registry; known: "
            f"{sorted(key_by_id)[:20]}"
        )
    span_s = max(trace.span_s, 1.0)
    calls: dict[str, float] = {}
    followed: dict[tuple[str, str], float] = {}
    for request in trace.requests:
        key = key_by_id[request.expert]
        calls[key] = calls.get(key, 0.0) + 1 / span_s
        for before in {trace.requests[needed].expert for needed in request.after}:
            pair = key_by_id[before], key
            followed[pair] = followed.get(pair, 0.0) + 1 / span_s
    return Load(calls_per_s=calls, followed_per_s=followed)
