"""Experts behind a skill router, with one that names skills and one that merges, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from orchestrator.compositions.base import Query, Reply
from orchestrator.compositions.programs import Programs
from orchestrator.engines.collecting import collect
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script, last_user_text
from orchestrator.registry.models import Registry
from routers.base import Router
from routers.skill_cache import SkillCache
from tests.unit.compositions.pool import ask
from tests.unit.routers.test_recruiter import EXPERTS
from tests.unit.routers.test_skill import router

NAMING, MERGING = "Which skills", "<candidate"
#: By what stands in the prompt; whoever is asked the question itself says who it is.
SKILLS = Script(says=("sum, logic", "Sum.", "sum,chess", "poetry", "none"))
ANSWER = Script(says="I am {expert}")


@dataclass(kw_only=True)
class SkilledPool:
    """Programs over experts of skills, with what a test changes of them."""

    #: What the namer, the aggregator and all others do.
    naming: Script = SKILLS
    merging: Script = field(default_factory=lambda: Script(says="all of it"))
    answers: Mapping[str, Script] = field(default_factory=dict)
    #: Further keys of the composition.
    entry: Mapping[str, object] = field(default_factory=dict)
    #: Whom the router's artifact names.
    aggregator: str | None = None
    rule: Mapping[str, object] = field(default_factory=dict)
    cache: SkillCache = field(default_factory=SkillCache)
    #: Around the skill router.
    around: Mapping[str, Router] = field(default_factory=dict)
    experts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.engine = FakeEngine(script=self._script)
        self.programs = Programs(
            self._registry(),
            generation=1,
            routers={"skills": self.router(), **self.around},
            dispatch=self.engine,
            named=self.cache,
        )

    def router(self) -> Router:
        return replace(router(named=self.cache, **self.rule), aggregator=self.aggregator)

    async def reply(self, text: str = "two and two?", **more: object) -> Reply:
        return await self.programs.reply(ask(text, **more))

    async def asked(self, query: Query) -> Reply:
        return await self.programs.reply(query)

    def calls(self, *, of: str | None = None) -> list[str]:
        """Whom the engine was asked, in order; of those that `of` stands in the prompt of."""
        found = [call for call in self.engine.calls if of is None or of in last_user_text(call)]
        return [call.expert for call in found]

    def _script(self, call) -> Script:
        said = last_user_text(call)
        if NAMING in said:
            return self.naming
        return self.merging if MERGING in said else self.answers.get(call.expert, ANSWER)

    def _registry(self) -> Registry:
        names = (*EXPERTS, "general", "namer", "writer")
        fake = {"engine": {"kind": "fake"}}
        entry = {"kind": "symbolic_moe", "router": "skills", **self.entry}
        skills = {"kind": "skill", "artifact": "x", "fallback": "general"}
        return Registry.model_validate(
            {
                "experts": [{"id": name, **fake, **self.experts.get(name, {})} for name in names],
                "routers": dict.fromkeys(("skills", *self.around), skills),
                "compositions": {"auto": entry},
            }
        )


async def said(reply: Reply) -> str:
    return (await collect(reply.items)).choices[0].text
