"""What was learnt of one step or call of one expert, as it is stored."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.costs.estimate import Estimate
from orchestrator.costs.prior import Of


class CostNote(BaseModel):
    """One learned estimate."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    of: Of
    #: Its `Expert.key`: another definition is another expert.
    expert: str
    mean_s: float = Field(ge=0)
    deviation_s: float = Field(ge=0)
    num_seen: int = Field(ge=1)

    @property
    def estimate(self) -> Estimate:
        """The estimate, as it was."""
        return Estimate(mean_s=self.mean_s, deviation_s=self.deviation_s, num_seen=self.num_seen)
