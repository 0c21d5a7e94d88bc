"""Routers that go by recorded answers: neighbours, a blend, and what is known by heart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from orchestrator.registry.fields import Id
from orchestrator.registry.router_entry import At, RouterEntry


class NeighboursRouter(RouterEntry):
    """Chooses by what experts made of the nearest known questions (C3PO, arXiv:2504.07964)."""

    kind: Literal["neighbours"] = Field(description="How it chooses.")
    artifact: str = Field(
        min_length=1,
        description="Folder written by `orchestrator fit neighbours`, relative to this file.",
    )
    embedder: Literal["static", "minilm"] = Field(
        "static", description="What the artifact was fitted with."
    )
    fallback: Id | None = Field(
        None, description="Expert for prompts unlike all known questions; the best overall if none."
    )


class BlendRouter(RouterEntry):
    """Chooses by the scores of several routers, weighed."""

    kind: Literal["blend"] = Field(description="How it chooses.")
    routers: tuple[Id, ...] = Field(
        min_length=2, max_length=8, description="Routers whose scores are weighed."
    )
    artifact: str | None = Field(
        None,
        min_length=1,
        description="Folder written by `orchestrator fit blend`, relative to this file.",
    )
    weights: dict[Id, Annotated[float, Field(gt=0)]] | None = Field(
        None, description="Router -> its weight, in the place of an artifact; need not sum to 1."
    )

    def named_routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names another router, and its id."""
        for number, name in enumerate(self.routers):
            yield ("routers", number), name


class RecallRouter(RouterEntry):
    """Answers known questions without an expert; another router chooses for all others."""

    kind: Literal["recall"] = Field(description="How it chooses.")
    artifact: str = Field(
        min_length=1,
        description="Folder written by `orchestrator fit recall`, relative to this file.",
    )
    then: Id = Field(description="Router for what is not known.")

    def named_routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names another router, and its id."""
        yield ("then",), self.then
