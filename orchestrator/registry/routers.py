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


class SkillRouter(RouterEntry):
    """Recruits experts by the skills of a question (Symbolic-MoE, arXiv:2503.05641)."""

    kind: Literal["skill"] = Field(description="How it chooses.")
    artifact: str = Field(
        min_length=1,
        description="Folder written by `orchestrator fit skill`, relative to this file.",
    )
    fallback: Id = Field(description="Expert for questions whose skills are not known.")
    mode: Literal["paper", "released", "top_k"] = Field(
        "top_k", description="Draw as the paper or its code does, or take the best by profile."
    )
    k: int = Field(3, ge=1, le=64, description="Experts that are recruited for a question.")
    probability: float | None = Field(
        None,
        gt=0,
        le=1,
        description="In `top_k`: only as many as reach this chance of a right vote, at most k.",
    )
    num_options: int = Field(
        10, ge=2, description="Answers a question may have; 10 stands for open ones."
    )
    trim_share: float = Field(
        0.05, ge=0, lt=1, description="In `paper`: experts with a smaller share are replaced."
    )
    embedder: Literal["static", "minilm"] = Field(
        "static", description="How skills that nobody measured are read as known ones."
    )


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


#: A new kind is listed here, built by `orchestrator/routing/building.py` and shown in experts.yaml.
RouterSpec = Annotated[CategoryRouter | SkillRouter | SplitRouter, Field(discriminator="kind")]
