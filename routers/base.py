"""What a router is: prompts in, scored choices out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Protocol


class RouterError(Exception):
    """A router or its artifact cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Scores of a prompt and the choice made from them."""

    #: Expert ids, best first; never empty. One that stands twice was drawn twice.
    chosen: tuple[str, ...]
    #: Expert id -> score in [0, 1]; higher is better. Only experts that were candidates.
    scores: Mapping[str, float]
    #: Category the prompt was put in, where the router has categories.
    category: str | None = None
    #: Skills the choice went by, as profiles name them, where the router goes by skills.
    skills: tuple[str, ...] = ()
    #: Uncertainty in [0, 1]: normalised entropy of the category's probabilities.
    entropy: float | None = None
    #: One sentence a reason, for people.
    reasons: tuple[str, ...] = ()
    #: True when the prompt was unsure and went to the general expert.
    is_fallback: bool = False
    #: True when the choice would be another one if a model named the question's skills first.
    needs_generation: bool = False
    #: Who merges several answers best by a test of its own, where the router knows; maybe nobody
    #: that may take part.
    aggregator: str | None = None
    #: Of a router made of routers, the way to the one that chose: ids joined by `/`, outermost
    #: first, its own left out.
    chosen_by: str | None = None
    #: A known answer: nobody needs to be asked. Whom to ask otherwise is `chosen` all the same.
    answer: str | None = None
    #: What routers that only watch chose: their id -> an expert, `None` while nobody knows. They
    #: are asked beside the answer, so what is read late says more; the keys stay the same.
    compared: Mapping[str, str | None] = field(default_factory=dict)


def chosen_through(route: Route, name: str) -> Route:
    """The route as a router of routers tells it on that asked the router `name`."""
    way = name if route.chosen_by is None else f"{name}/{route.chosen_by}"
    return replace(route, chosen_by=way)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What is known of a prompt beside the text it is routed by."""

    #: What the operator of the calling application told the model.
    system: str = ""
    has_tools: bool = False
    #: Length of the whole prompt, of which the text may be a part; `None` where nobody counted.
    num_chars: int | None = None
    #: What the prompt holds beside text, such as image.
    modalities: frozenset[str] = frozenset()
    #: Skills of the question, where somebody has named them; `None` where nobody has.
    skills: tuple[str, ...] | None = None
    #: False where only an expert may answer: the text is a part of the request, or the caller says.
    may_recall: bool = True
    #: Experts of which nothing may be used, not even what they said for others before.
    shut_out: frozenset[str] = frozenset()
    #: Who asks, as far as the caller says; the request's own id otherwise.
    caller: str = ""
    #: Of draws: the same prompt with the same seed is routed alike.
    seed: int = 0


UNTOLD = Traits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """Texts to route and the experts that may be chosen."""

    texts: Sequence[str]
    candidates: frozenset[str] = field(default_factory=frozenset)
    #: Of each text, in order; empty where nothing is known beside the texts.
    traits: Sequence[Traits] = ()

    def each(self) -> Iterator[tuple[str, Traits]]:
        """Each text with what is known of it."""
        return zip(self.texts, self.traits or repeat(UNTOLD, len(self.texts)), strict=True)

    def only(self, numbers: Sequence[int]) -> Prompts:
        """Those at these positions, in this order."""
        return Prompts(
            texts=[self.texts[i] for i in numbers],
            candidates=self.candidates,
            traits=[self.traits[i] for i in numbers] if self.traits else (),
        )


#: What a version adds for what its router heard from callers.
_HEARD = re.compile(r"~[0-9a-f]+")


def as_fitted(version: str) -> str:
    """A version without what callers said since: what was fitted on a router goes by it alone."""
    return _HEARD.sub("", version)


class Router(Protocol):
    """Scores experts for prompts; pure CPU work, no I/O after loading."""

    @property
    def version(self) -> str:
        """Version of the artifact, for the decision record."""
        ...

    @property
    def is_slow(self) -> bool:
        """True when one decision takes over a few milliseconds: callers then use a thread."""
        ...

    def route(self, prompts: Prompts) -> list[Route]:
        """One route per text, in order.

        Raises:
            RouterError: no candidate is left to choose from.
        """
        ...
