"""`kind: rules` of the registry: conditions in order, and where each leads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from orchestrator.registry.fields import Entry, Id, Label
from orchestrator.registry.router_entry import At, RouterEntry

_Words = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=64)], ...], Field(max_length=200)
]
_Expression = Annotated[str, Field(min_length=1, max_length=500)]
_Count = Annotated[int, Field(ge=0)]


class Keywords(Entry):
    """Whole words or phrases, in upper or lower case."""

    any: _Words = Field((), description="At least one of these is in the prompt.")
    all: _Words = Field((), description="Each of these is in the prompt.")


class Conditions(Entry):
    """What must hold of a prompt, all of it."""

    keywords: Keywords | None = Field(None, description="Words or phrases that the text holds.")
    matches: _Expression | None = Field(
        None, description="Regular expression (RE2) found in the text; `(?i)` ignores case."
    )
    system_matches: _Expression | None = Field(
        None, description="Regular expression (RE2) found in the system prompt."
    )
    min_chars: _Count | None = Field(None, description="Least length of the prompt, characters.")
    max_chars: _Count | None = Field(None, description="Greatest length, characters.")
    min_tokens: _Count | None = Field(None, description="Least length, tokens of about 4 bytes.")
    max_tokens: _Count | None = Field(None, description="Greatest length, tokens of about 4 bytes.")
    has_tools: bool | None = Field(None, description="Whether the request brings tools.")
    modality: Literal["text", "image"] | None = Field(
        None, description="What the prompt holds; `text` is nothing but text."
    )


class Target(Entry):
    """Where a prompt goes: to an expert or on to another router."""

    expert: Id | None = Field(None, description="Expert that answers.")
    router: Id | None = Field(None, description="Router that is asked instead.")

    def named(self) -> Iterator[tuple[At, str]]:
        """What it names, by the key."""
        for key in ("expert", "router"):
            if (name := getattr(self, key)) is not None:
                yield (key,), name


class Rule(Target):
    """One rule."""

    name: Label | None = Field(None, description="What reasons call it; its number by default.")
    when: Conditions = Field(description="What must hold, all of it.")


class RulesRouter(RouterEntry):
    """Chooses by the first rule that holds."""

    kind: Literal["rules"] = Field(description="How it chooses.")
    rules: tuple[Rule, ...] = Field(
        min_length=1, max_length=200, description="Looked at in order; the first decides."
    )
    otherwise: Target = Field(description="Where prompts go that no rule decides for.")

    def targets(self) -> Iterator[tuple[At, Target]]:
        """Every target with its place."""
        for number, rule in enumerate(self.rules):
            yield ("rules", number), rule
        yield ("otherwise",), self.otherwise

    def named_experts(self) -> Iterator[tuple[At, str]]:
        """Where the entry names an expert that is to answer, and its id."""
        return self._named("expert")

    def named_routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names another router, and its id."""
        return self._named("router")

    def _named(self, kind: str) -> Iterator[tuple[At, str]]:
        for at, target in self.targets():
            yield from (((*at, *key), name) for key, name in target.named() if key == (kind,))
