"""What the batch runner sees of slots: who is hosted and resident where, and what it costs."""

from __future__ import annotations

from orchestrator.batch.paces import Paces
from orchestrator.batch.planning import expert_costs, planned_slots
from orchestrator.batch.surroundings import Surroundings
from orchestrator.engines.remote import is_remote
from orchestrator.planner.slots import ExpertCost
from orchestrator.service.following_conductor import FollowingConductor

#: Of an expert that no slot hosts now; no plan is made with it.
_UNSEEN = ExpertCost(lineage="")


class BatchLookout:
    """A `Lookout` by what the Conductor tells, which asks the slots.

    Args:
        following: reaches it, and knows what is live.
        paces: what was learned of calls.
    """

    def __init__(self, following: FollowingConductor, paces: Paces) -> None:
        self._following = following
        self._paces = paces

    async def look(self) -> Surroundings:
        """See `Lookout.look`."""
        live = self._following.live()
        residency = await self._following.conductor.residency()
        costs = dict(expert_costs(residency, live.registry, self._paces))
        for expert in live.registry.experts:
            if not is_remote(expert):  # of a slot that is not up
                costs.setdefault(expert.id, _UNSEEN)
        return Surroundings(
            slots=planned_slots(residency, live.registry),
            costs=costs,
            generation=live.generation,
        )
