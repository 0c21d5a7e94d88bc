"""What the batch runner sees of slots: who is hosted and resident where, and what it costs."""

from __future__ import annotations

from orchestrator.batch.surroundings import Surroundings
from orchestrator.engines.remote import is_remote
from orchestrator.errors import ExpertUnavailableError
from orchestrator.planner.slots import ExpertCost, PlannedSlot
from orchestrator.service.following_conductor import FollowingConductor
from orchestrator.service.reports import Census


class BatchLookout:
    """A `Lookout` by what the Conductor tells.

    Args:
        following: hears it.
    """

    def __init__(self, following: FollowingConductor) -> None:
        self._following = following
        self.paces = None

    async def look(self) -> Surroundings:
        """See `Lookout.look`."""
        census, live = self._following.census, self._following.live()
        if census is None:
            raise ExpertUnavailableError("the Conductor has not told yet where experts are")
        id_by_key = {e.key: e.id for e in live.registry.experts if not is_remote(e)}
        return Surroundings(
            slots=tuple(
                _slot(worker.slot, census, id_by_key)
                for worker in census.workers
                if census.is_up(worker.slot)
            ),
            costs={
                name: ExpertCost(
                    lineage="any", swap_s=0.1, prompt_token_s=0.0005, output_token_s=0.005
                )
                for name in id_by_key.values()
            },
            generation=live.generation,
        )


def _slot(name: str, census: Census, id_by_key: dict[str, str]) -> PlannedSlot:
    outlook = census.table.outlook_by_slot.get(name)
    residents = () if outlook is None else outlook.residents
    hosted = (id_by_key.get(key) for key in census.table.experts_on(name))
    return PlannedSlot(
        name=name,
        experts=frozenset(one for one in hosted if one is not None),
        residents=tuple(id_by_key[key] for key in residents if key in id_by_key),
    )
