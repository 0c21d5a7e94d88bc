"""Ordered rules: the first whose conditions hold names the expert, or the router that is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .base import Prompts, Route, Router, RouterError, Traits
from .patterns import Pattern, searchable
from .targets import Target, reached

Modality = Literal["text", "image"]

#: UTF-8 bytes of a token, about: four letters of a Latin text, one and a half Chinese characters.
_BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Bounds of a number, both included; `None` stands for none."""

    least: int | None = None
    most: int | None = None

    def __contains__(self, number: int) -> bool:
        return (self.least is None or number >= self.least) and (
            self.most is None or number <= self.most
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Conditions of one rule; all of them must hold."""

    #: Each is found in the text.
    found: tuple[Pattern, ...] = ()
    #: Each is found in the system prompt.
    found_in_system: tuple[Pattern, ...] = ()
    #: Of the whole prompt, where that is known, else of the text.
    num_chars: Range = Range()
    num_tokens: Range = Range()
    has_tools: bool | None = None
    #: What the prompt holds; `text` means nothing else.
    modality: Modality | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Conditions and where they lead."""

    #: What reasons call it.
    name: str
    when: When
    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesRouter:
    """Goes through its rules in order.

    A rule whose expert is no candidate, or whose router finds none, is passed over and the route
    says so: the next rule that holds decides.
    """

    version: str
    rules: Sequence[Rule]
    otherwise: Target
    #: Every router that a target names.
    routers: Mapping[str, Router]

    @property
    def is_slow(self) -> bool:
        """Whether one of the routers takes over a few milliseconds."""
        return any(router.is_slow for router in self.routers.values())

    def route(self, prompts: Prompts) -> list[Route]:
        """One route per text, in order.

        Raises:
            RouterError: no rule that holds for a prompt leads to a candidate.
        """
        return [
            self._route(prompts.only([number]), _read(text, traits))
            for number, (text, traits) in enumerate(prompts.each())
        ]

    def _route(self, prompt: Prompts, read: _Read) -> Route:
        reasons: list[str] = []
        for rule in self.rules:
            if read.meets(rule.when):
                reasons.append(f"rule {rule.name!r} holds")
                route = reached(rule.target, prompt, self.routers, reasons)
                if route is not None:
                    return replace(route, reasons=(*reasons, *route.reasons))
        reasons.append("no rule decides")
        route = reached(self.otherwise, prompt, self.routers, reasons)
        if route is None:
            raise RouterError("; ".join(reasons))
        is_fallback = route.is_fallback or self.otherwise.expert is not None
        return replace(route, reasons=(*reasons, *route.reasons), is_fallback=is_fallback)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A prompt as conditions look at it."""

    text: bytes
    system: bytes
    num_chars: int
    num_tokens: int
    traits: Traits

    def meets(self, when: When) -> bool:
        return (
            self.num_chars in when.num_chars
            and self.num_tokens in when.num_tokens
            and when.has_tools in (None, self.traits.has_tools)
            and self._has(when.modality)
            and all(pattern.is_in(self.text) for pattern in when.found)
            and all(pattern.is_in(self.system) for pattern in when.found_in_system)
        )

    def _has(self, modality: Modality | None) -> bool:
        if modality == "text":
            return not self.traits.modalities
        return modality is None or modality in self.traits.modalities


def _read(text: str, traits: Traits) -> _Read:
    found = searchable(text)
    num_chars = len(text) if traits.num_chars is None else traits.num_chars
    # Bytes are counted in the bounded text and scaled, so that a megabyte costs no more.
    bytes_per_char = len(found) / len(found.decode()) if found else 1.0
    return _Read(
        text=found,
        system=searchable(traits.system),
        num_chars=num_chars,
        num_tokens=-int(-num_chars * bytes_per_char // _BYTES_PER_TOKEN),
        traits=traits,
    )
