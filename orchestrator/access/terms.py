"""What a key may do."""

from __future__ import annotations

import hashlib
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.registry.selectors import SelectorText, selector
from orchestrator.routing.limits import Limits


class Terms(BaseModel):
    """What the holder of a key may ask for, and how much of it; `None` has no bound."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: tuple[str, ...] = Field(
        (), max_length=1000, description="Experts and compositions it may name; none allows all."
    )
    include: tuple[SelectorText, ...] = Field(
        (), max_length=64, description="An expert must be meant by one of these at least."
    )
    exclude: tuple[SelectorText, ...] = Field(
        (), max_length=64, description="An expert that one of these means is never asked."
    )
    requests_per_minute: int | None = Field(
        None, strict=True, ge=1, description="Requests begun in 60 s."
    )
    tokens_per_minute: int | None = Field(
        None,
        strict=True,
        ge=1,
        description="Tokens read and written in 60 s, all calls of its requests.",
    )
    max_concurrent: int | None = Field(
        None, strict=True, ge=1, description="Requests under way at a time."
    )
    budget_day_usd: float | None = Field(None, strict=True, gt=0, description="USD a day, of UTC.")
    budget_usd: float | None = Field(None, strict=True, gt=0, description="USD in all.")
    priority: int = Field(
        0,
        strict=True,
        ge=-10,
        le=10,
        description="Of its calls; what a request wishes is added, and bounded.",
    )

    @cached_property
    def limits(self) -> Limits:
        """What binds every expert that its requests ask."""
        return Limits(
            include=(frozenset(map(selector, self.include)),) if self.include else (),
            exclude=frozenset(map(selector, self.exclude)),
        )

    @cached_property
    def names_all(self) -> bool:
        """Whether its holder may name, and be answered by, whoever there is."""
        return not (self.models or self.include or self.exclude)

    @cached_property
    def is_metered(self) -> bool:
        """Whether anything of it is counted before it may go on."""
        counted = (
            self.requests_per_minute,
            self.tokens_per_minute,
            self.max_concurrent,
            self.budget_day_usd,
            self.budget_usd,
        )
        return any(one is not None for one in counted)

    @cached_property
    def policy(self) -> str:
        """A word for who may answer: answers that are kept are told under the same one alone."""
        said = repr((sorted(self.models), sorted(self.include), sorted(self.exclude)))
        return hashlib.sha256(said.encode()).hexdigest()[:16]
