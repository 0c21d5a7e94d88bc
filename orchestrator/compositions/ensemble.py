"""`kind: ensemble`: one answer of each likely expert, weighed by how likely it is.

Source: Branch-Train-Merge, Li 2022, arXiv:2208.03306, as `routers/posterior.py` has it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Decision, Query, Reply
from orchestrator.compositions.election import Election
from orchestrator.compositions.program import StagedProgram
from orchestrator.compositions.progress import Told
from orchestrator.compositions.stages import failures_of, told
from orchestrator.compositions.staging import Staging
from orchestrator.registry.composition_ensemble import EnsembleComposition
from routers.posterior import posterior


class Ensemble(StagedProgram[EnsembleComposition]):
    """Asks the experts that the router scores best, each once."""

    takes_text = True

    async def _decided(self, query: Query) -> Decision:
        """Who would be asked, the likeliest first; who is under the floor is not."""
        decision = await self.choosing.decide(query, num_asked=self.spec.experts)
        return replace(decision, team=tuple(self._weights(decision)))

    async def _answered(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Told, None]:
        weights = self._weights(reply.decision)
        election = Election(
            composition_id=self.id,
            reading=self.reading,
            weight_by_expert=weights,
            min_answers=self.spec.min_answers,
        )
        asks = [Ask(expert=name, sampling=query.sampling) for name in weights]
        calls = await staging.run("ensemble", asks, is_enough=election.is_enough)
        elected = election.elected(calls)
        failed = failures_of(calls)
        reply.decision = replace(reply.decision, expert=elected.expert, failed=failed)
        yield told(elected.choice, staging.usage)

    def _weights(self, decision: Decision) -> dict[str, float]:
        """Of the team, the likeliest first; they sum to one."""
        team = decision.team or (decision.expert,)
        scores = decision.route.scores if decision.route else {}
        return posterior(
            {name: scores.get(name, 0.0) for name in team},
            temperature=1 / self.spec.sharpness,
            floor=self.spec.floor,
        )
