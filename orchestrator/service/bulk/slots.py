"""What a running service says of its slots, as far as an order of work goes."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.client.asynchronous import AsyncClient
from orchestrator.client.failures import UnreachableError
from orchestrator.errors import OrchestratorError, SetupError
from orchestrator.service.bulk.asking import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """How many experts can answer beside each other, and who does without a swap."""

    num_slots: int = 1
    residents: frozenset[str] = frozenset()


async def slots_of(service: Service) -> Slots:
    """The slots of a service; one where it does not tell.

    Raises:
        SetupError: nothing answers there.
    """
    async with AsyncClient(service.url, api_key=service.api_key) as client:
        try:
            seen = await client.residency()
        except UnreachableError as exc:
            raise SetupError(
                f"no service answers at {service.url}: start one with `orchestrator serve`, or "
                f"name another with --url ({exc.message})"
            ) from exc
        except OrchestratorError:
            return Slots()  # it tells its own machine alone, or has no slots
    residents = {
        expert.id for slot in seen.slots for engine in slot.engines for expert in engine.residents
    }
    return Slots(num_slots=max(len(seen.slots), 1), residents=frozenset(residents))
