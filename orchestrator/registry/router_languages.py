"""`kind: language` of the registry: languages, families, and where each leads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from orchestrator.registry.fields import Id, Label
from orchestrator.registry.router_entry import At, RouterEntry
from orchestrator.registry.router_rules import Target

_Ids = Annotated[dict[Label, Id], Field(max_length=200)]


class LanguageRouter(RouterEntry):
    """Chooses by the language of the prompt, else by its family (arXiv:2410.10626)."""

    kind: Literal["language"] = Field(description="How it chooses.")
    experts: _Ids = Field({}, description="Language, as ISO 639 code -> expert.")
    families: _Ids = Field({}, description="Family -> expert for its other languages.")
    routers: _Ids = Field({}, description="Language or family -> router that is asked.")
    otherwise: Target = Field(description="Where other and unsure prompts go.")
    min_confidence: float = Field(
        0.7, gt=0, le=1, description="Probability from which a language or family decides."
    )

    def named_experts(self) -> Iterator[tuple[At, str]]:
        """Where the entry names an expert that is to answer, and its id."""
        yield from self._named("experts", "families")
        yield from self._otherwise("expert")

    def named_routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names another router, and its id."""
        yield from self._named("routers")
        yield from self._otherwise("router")

    def _named(self, *keys: str) -> Iterator[tuple[At, str]]:
        for key in keys:
            yield from (((key, code), name) for code, name in getattr(self, key).items())

    def _otherwise(self, key: str) -> Iterator[tuple[At, str]]:
        yield from (
            (("otherwise", *at), name) for at, name in self.otherwise.named() if at[0] == key
        )
