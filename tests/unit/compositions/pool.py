"""A pool of unlike experts behind one router, for tests of who may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.compositions.base import Query
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Chat, Message, TextPart
from orchestrator.engines.fake import FakeEngine
from orchestrator.registry.models import Registry
from routers.base import Router
from tests.served import PreferenceRouter

URL = "http://127.0.0.1:9000/v1"
EXPERTS = (
    {
        "id": "small", "engine": {"kind": "vllm", "max_model_len": 512}, "tags": ["demo"],
        "license": "Apache-2.0", "energy": {"input_j_per_mtok": 1e4, "output_j_per_mtok": 1e6},
    },
    {
        "id": "large", "engine": {"kind": "openai", "base_url": URL, "model": "l"},
        "license": "GPL-3.0", "owner": "acme",
        "price": {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 10.0},
        "energy": {"input_j_per_mtok": 1e5, "output_j_per_mtok": 1e7},
    },
    {
        "id": "hosted", "engine": {"kind": "openai", "base_url": URL, "model": "h",
        "max_context": 100_000}, "owner": "acme", "lacks": ["logprobs"],
    },
    {"id": "vectors", "engine": {"kind": "fake", "task": "embed"}},
)  # fmt: skip


class SeeingEngine(FakeEngine):
    """Answers for every expert, and knows who is dead and how long each takes; by expert id."""

    def __init__(self, *args, dead=None, takes_s=None, **named) -> None:
        super().__init__(*args, **named)
        self.dead, self.takes_s = dict(dead or {}), dict(takes_s or {})

    def unreachable(self, keys: frozenset[str]) -> Mapping[str, str]:
        return {key: self.dead[name] for key in keys if (name := _id(key)) in self.dead}

    def answer_s(self, key: str) -> float:
        return self.takes_s.get(_id(key), 1.0)


def _id(key: str) -> str:
    return key.partition("@")[0]


@dataclass(kw_only=True)
class Pool:
    """Programs over the pool, with what a test changes of them."""

    engine: FakeEngine = field(default_factory=SeeingEngine)
    #: Best first, with scores 1, 1/2, 1/3.
    order: tuple[str, ...] = ("small", "large", "hosted")
    #: Further keys of the composition; `None` takes one out.
    auto: Mapping[str, object] = field(default_factory=dict)
    #: Further keys of experts, by id.
    experts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    #: Keys of the registry's defaults.
    defaults: Mapping[str, object] = field(default_factory=dict)
    #: What the router reads prompts by.
    embedder: object = None
    #: In the place of one that prefers in `order`.
    router: Router | None = None

    def programs(self) -> Programs:
        auto = {"kind": "route", "router": "topic", **self.auto}
        registry = Registry.model_validate(
            {
                "experts": [{**one, **self.experts.get(one["id"], {})} for one in EXPERTS],
                "routers": {"topic": {"kind": "category", "artifact": "x", "fallback": "small"}},
                "compositions": {"auto": {name: v for name, v in auto.items() if v is not None}},
                "defaults": dict(self.defaults),
            }
        )
        router = self.router or PreferenceRouter(*self.order)
        if self.embedder is not None:
            router.embedder = self.embedder
        return Programs(
            registry,
            generation=1,
            routers={"topic": router},
            dispatch=self.engine,
        )

    async def decide(self, query: Query):
        return await self.programs().decide(query)


def ask(text: str = "hi", *, model: str = "auto", chat: Chat | None = None, **more) -> Query:
    prompt = chat or Chat(messages=(Message(role="user", content=(TextPart(text=text),)),))
    return Query(id="q1", model=model, prompt=prompt, **more)
