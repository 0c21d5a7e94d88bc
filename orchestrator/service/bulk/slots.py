"""What a running service says of its slots, as far as an order of work goes."""

from __future__ import annotations

from orchestrator.client.asynchronous import AsyncClient
from orchestrator.client.failures import UnreachableError
from orchestrator.client.residency_wire import Residency, SlotState
from orchestrator.errors import OrchestratorError, SetupError
from orchestrator.planner.slots import PlannedSlot
from orchestrator.service.bulk.asking import Service
from orchestrator.service.bulk.lanes import LINEAGE


async def slots_of(service: Service) -> tuple[PlannedSlot, ...]:
    """The slots of a service; none where it does not tell.

    Raises:
        SetupError: nothing answers there.
    """
    async with AsyncClient(
        service.url, api_key=service.api_key, transport=service.transport
    ) as client:
        try:
            seen = await client.residency()
        except UnreachableError as exc:
            raise SetupError(
                f"no service answers at {service.url}: start one with `orchestrator serve`, or "
                f"name another with --url ({exc.message})"
            ) from exc
        except OrchestratorError:
            return ()  # it tells its own machine alone
    return tuple(_planned(slot, seen) for slot in seen.slots)


def _planned(slot: SlotState, seen: Residency) -> PlannedSlot:
    homes = [home for home in seen.experts if slot.name in home.slots]
    is_serving = any(engine.rung == "serving" for engine in slot.engines)
    return PlannedSlot(
        name=slot.name,
        experts=frozenset(home.expert.id for home in homes if home.expert.is_live),
        residents=tuple(one.id for engine in slot.engines for one in engine.residents),
        serving=(LINEAGE,) if is_serving else (),
    )
