"""Programs that sample whoever their router chooses, several times each."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TypeVar

from orchestrator.compositions.base import Decision, Query
from orchestrator.compositions.program import StagedProgram
from orchestrator.engines.base import Sampling
from orchestrator.registry.composition_rpc import RpcComposition
from orchestrator.registry.compositions import VoteComposition

S = TypeVar("S", bound=RpcComposition | VoteComposition)


class SampledProgram(StagedProgram[S]):
    """Samples the router's best expert, or its best experts."""

    @abstractmethod
    def _drawn(self, sampling: Sampling) -> Sampling:
        """How answers are drawn, of what the caller says."""

    async def _decided(self, query: Query) -> Decision:
        """Who would be sampled, of those that can be so; the first is whose answer counts first."""
        drawn = replace(query, sampling=self._drawn(query.sampling))
        return await self.choosing.decide(drawn, num_asked=self.spec.experts)
