"""A composition of every kind, what its stages say, and what of a request reaches them.

`docs/compositions.md` states the same in its table of parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Call
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.registry.compositions import CompositionSpec
from orchestrator.registry.models import Registry
from routers.base import Prompts, Route
from tests.served import PreferenceRouter, Service

#: Every kind of the registry.
KINDS = tuple(
    get_args(entry.model_fields["kind"].annotation)[0]
    for entry in get_args(get_args(CompositionSpec)[0])
)
LENGTH = frozenset(
    {"top_p", "max_tokens", "presence_penalty", "frequency_penalty", "logit_bias", "seed"}
)
FORM = frozenset({"stop", "response_format", "logprobs"})
#: The caller's.
SENT = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What calls of a stage say, and have of what their caller sent."""

    name: str
    says: str | tuple[str, ...] = "Answer: 3"
    has: frozenset[str] = LENGTH | FORM
    temperature: float | None = SENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A composition of one kind, all of whose stages run."""

    entry: Mapping[str, object]
    #: In the order in which they run; a kind of one call has none.
    stages: tuple[Stage, ...]
    #: Whether it continues raw text.
    takes_text: bool = False
    #: Whether its last stage is streamed as it is written.
    is_streamed: bool = False
    #: Whether its answer may be several, and calls of tools.
    is_one_call: bool = False


SPREAD = ("Answer: 1", "Answer: 2", "Answer: 4")
NOTHING = frozenset({"seed"})
PART = frozenset({"top_p", "seed"})
BY_KIND = {
    "route": Kind(
        entry={"router": "topic"},
        stages=(),
        takes_text=True,
        is_streamed=True,
        is_one_call=True,
    ),
    "vote": Kind(
        entry={"router": "topic", "samples": 3, "answers": "number"},
        stages=(Stage(name="vote", says=SPREAD, temperature=0.7),),
        takes_text=True,
    ),
    "rpc": Kind(
        entry={"router": "topic", "samples": 3, "answers": "number"},
        stages=(Stage(name="samples", says=SPREAD, temperature=0.7),),
        takes_text=True,
    ),
    "ensemble": Kind(
        entry={"router": "topic", "experts": 2, "answers": "number"},
        stages=(Stage(name="ensemble"),),
        takes_text=True,
    ),
    "self_moa": Kind(
        entry={"router": "topic", "samples": 3, "aggregator": "writer"},
        stages=(
            Stage(name="samples", says=SPREAD, has=LENGTH, temperature=0.7),
            Stage(name="synthesis", says="it is three"),
        ),
        is_streamed=True,
    ),
    "symbolic_moe": Kind(
        entry={"router": "nameless", "namer": "reader", "experts": 2, "aggregator": "writer"},
        stages=(
            Stage(name="skills", says="sum, logic", has=NOTHING, temperature=0.7),
            Stage(name="answers", says=SPREAD, has=LENGTH),
            Stage(name="synthesis", says="it is three", temperature=0.7),
        ),
        is_streamed=True,
    ),
    "self_moa_seq": Kind(
        entry={"router": "topic", "samples": 3, "window": 2, "slots": 1, "aggregator": "writer"},
        stages=(
            Stage(name="samples", says=SPREAD, has=LENGTH, temperature=0.7),
            Stage(name="synthesis", says="it is two", has=LENGTH),
            Stage(name="synthesis", says="it is three"),
        ),
        is_streamed=True,
    ),
    "moa": Kind(
        entry={"router": "topic", "experts": 2, "layers": 2, "aggregator": "writer"},
        stages=(
            Stage(name="proposals", says="Answer: {expert}", has=LENGTH, temperature=0.7),
            Stage(name="proposals", says="Answer: {expert}", has=LENGTH, temperature=0.7),
            Stage(name="synthesis", says="it is three"),
        ),
        is_streamed=True,
    ),
    "cascade": Kind(
        entry={"cheap": ("math",), "strong": "writer", "tau": 0.9, "answers": "number"},
        stages=(
            Stage(name="cheap", says=SPREAD, temperature=0.7),
            Stage(name="strong", says="it is three"),
        ),
        takes_text=True,
        is_streamed=True,
    ),
    "best_of_n": Kind(
        entry={
            "router": "topic",
            "samples": 3,
            "judges": ({"kind": "score", "expert": "reader"},),
        },
        stages=(
            Stage(name="candidates", says=SPREAD, temperature=0.7),
            Stage(name="verdicts", says="yes", has=NOTHING, temperature=0.0),
        ),
    ),
    "rank": Kind(
        entry={"router": "topic", "samples": 3, "judges": ("reader",)},
        stages=(
            Stage(name="candidates", says=SPREAD, temperature=0.7),
            Stage(name="verdicts", says="1", has=NOTHING, temperature=0.0),
        ),
    ),
    "decompose": Kind(
        entry={"router": "topic", "decomposer": "reader", "unsure": "always"},
        stages=(
            Stage(name="attempt"),
            Stage(
                name="decompose",
                says="What is 1 + 1?\nWhat is #1 + 2?",
                has=NOTHING,
                temperature=0.0,
            ),
            Stage(name="parts", says="2", has=PART),
            Stage(name="answer", says="it is four"),
        ),
        is_streamed=True,
    ),
}
REGISTRY = Registry.model_validate(
    {
        "experts": [
            {"id": name, "engine": {"kind": "fake"}} for name in ("math", "writer", "reader")
        ],
        "routers": {
            name: {"kind": "category", "artifact": "none", "fallback": "math"}
            for name in ("topic", "nameless")
        },
        "compositions": {name: {"kind": name, **kind.entry} for name, kind in BY_KIND.items()},
    }
)


class NamelessRouter(PreferenceRouter):
    """Chooses in a fixed order, and would go by skills if somebody named them."""

    def route(self, prompts: Prompts) -> list[Route]:
        return [replace(route, needs_generation=True) for route in super().route(prompts)]


def stage_of(call: Call) -> int | None:
    """The place of the stage that a call is of, by its id; `None` of the only call there is."""
    numbered = re.search(r"-(\d+)\.\d+$", call.id)
    return None if numbered is None else int(numbered[1])


@dataclass(kw_only=True)
class EveryKind:
    """A service with a composition of every kind, each named after it.

    Args:
        kind: the one that will be asked.
        changed: what calls of the stage at a place do other than say what they always do.
    """

    kind: str
    changed: Callable[[int | None, Script], Script] = lambda at, script: script
    engine: FakeEngine = field(init=False)
    service: Service = field(init=False)

    def __post_init__(self) -> None:
        self.engine = FakeEngine(script=self._script)
        routers = {
            "topic": PreferenceRouter("math", "writer"),
            "nameless": NamelessRouter("math", "writer"),
        }
        programs = Programs(REGISTRY, generation=7, routers=routers, dispatch=self.engine)
        self.service = Service(engine=self.engine, live=lambda: programs)

    def calls_of(self, at: int | None) -> list[Call]:
        """The calls of the stage at a place so far."""
        return [call for call in self.engine.calls if stage_of(call) == at]

    async def under_way(self, at: int | None) -> None:
        """Return once a call of the stage has reached the engine."""
        while not self.calls_of(at):
            self.engine.arrived.clear()
            await self.engine.arrived.wait()

    def _script(self, call: Call) -> Script:
        at, stages = stage_of(call), BY_KIND[self.kind].stages
        says = "Answer: 3" if at is None else stages[at].says
        return self.changed(at, Script(says=says))
