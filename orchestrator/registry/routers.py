"""Routers as the registry names them: one entry a kind, and what each refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Literal, Self

from pydantic import Field

from orchestrator.registry.fields import Entry, Id

#: Keys and positions from a router's entry down to a value.
At = tuple[str | int, ...]


class RouterEntry(Entry):
    """What routers of every kind tell of themselves."""

    def folders(self) -> Iterator[tuple[At, str]]:
        """Where the entry names a fitted artifact, and its folder."""
        artifact: str | None = getattr(self, "artifact", None)
        if artifact is not None:
            yield ("artifact",), artifact

    def with_folders(self, absolute: Callable[[str], str]) -> Self:
        """The entry with other names for its folders."""
        return self.model_copy(
            update={str(at[0]): absolute(folder) for at, folder in self.folders()}
        )

    def experts(self) -> Iterator[tuple[At, str]]:
        """Where the entry names an expert that is to answer, and its id."""
        fallback: str | None = getattr(self, "fallback", None)
        if fallback is not None:
            yield ("fallback",), fallback

    def routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names another router, and its id."""
        return iter(())


class CategoryRouter(RouterEntry):
    """Chooses by the category of the prompt (Composition of Experts, arXiv:2412.01868)."""

    kind: Literal["category"] = Field(description="How it chooses.")
    artifact: str = Field(
        min_length=1,
        description="Folder written by `orchestrator fit category`, relative to this file.",
    )
    fallback: Id = Field(description="Expert for prompts of no known category.")
    embedder: Literal["static", "minilm"] = Field("static", description="How text is embedded.")


class SplitRouter(RouterEntry):
    """Gives each router its share of the callers, to compare them on live traffic."""

    kind: Literal["split"] = Field(description="How it chooses.")
    shares: dict[Id, Annotated[float, Field(gt=0)]] = Field(
        min_length=2, description="Router -> its share of the callers; shares need not sum to 1."
    )

    def routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names another router, and its id."""
        for name in self.shares:
            yield ("shares", name), name


class NeighboursRouter(RouterEntry):
    """Chooses by what experts made of the nearest known questions (C3PO, arXiv:2504.07964)."""

    kind: Literal["neighbours"] = Field(description="How it chooses.")
    artifact: str = Field(
        min_length=1,
        description="Folder written by `orchestrator fit neighbours`, relative to this file.",
    )
    fallback: Id | None = Field(
        None, description="Expert for prompts unlike all known questions; the best overall if none."
    )


class BlendRouter(RouterEntry):
    """Chooses by the scores of several routers, weighed."""

    kind: Literal["blend"] = Field(description="How it chooses.")
    members: tuple[Id, ...] = Field(
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

    def routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names another router, and its id."""
        for number, name in enumerate(self.members):
            yield ("members", number), name


class RecallRouter(RouterEntry):
    """Answers known questions without an expert; another router chooses for all others."""

    kind: Literal["recall"] = Field(description="How it chooses.")
    artifact: str = Field(
        min_length=1,
        description="Folder written by `orchestrator fit recall`, relative to this file.",
    )
    then: Id = Field(description="Router for what is not known.")

    def routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names another router, and its id."""
        yield ("then",), self.then


#: A new kind is listed here, built by `orchestrator/routing/building.py` and shown in experts.yaml.
RouterSpec = Annotated[
    CategoryRouter | SplitRouter | NeighboursRouter | BlendRouter | RecallRouter,
    Field(discriminator="kind"),
]
