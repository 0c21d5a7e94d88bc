"""A small registry, a router with a fixed mind and the endpoint over them, for tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import uvicorn
from fastapi import FastAPI

from orchestrator.access.audit import AuditLog
from orchestrator.access.keyring import Keyring, Open
from orchestrator.access.metering import Meters
from orchestrator.api.app import create_app
from orchestrator.api.batch_control import BatchControl
from orchestrator.api.placement_control import PlacementControl
from orchestrator.api.readiness import Readiness
from orchestrator.api.registry_control import RegistryControl
from orchestrator.api.residency_control import ResidencyControl
from orchestrator.api.restart_control import RestartControl
from orchestrator.api.settings import ApiSettings
from orchestrator.api.wiring import Wiring
from orchestrator.batch.batch_spans import BatchSpans
from orchestrator.batch.storage import Storage
from orchestrator.caching.answer_cache import AnswerCache
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Engine
from orchestrator.engines.circuits import Circuit
from orchestrator.engines.fake import FakeEngine
from orchestrator.registry.models import Registry
from orchestrator.store.keys import KeyRecords
from orchestrator.store.memory import MemoryRecords
from orchestrator.store.memory_judgements import MemoryJudgements
from orchestrator.store.records import StoredRecord
from orchestrator.store.repeats import Repeats
from orchestrator.store.usage import UsageStore
from orchestrator.tracing.tracing import Tracing
from routers.base import Prompts, Route, RouterError

REGISTRY = Registry.model_validate(
    {
        "experts": (
            {"id": "math", "engine": {"kind": "fake"}, "skills": ("sums",), "owner": "us"},
            {
                "id": "painter",
                "engine": {"kind": "fake"},
                "modalities": ("text", "image"),
                "defaults": {"temperature": 0.5, "max_tokens": 64},
            },
            {
                "id": "plain",
                "engine": {"kind": "vllm", "max_model_len": 512},
                "variants": ({"name": "half", "dtype": "float16", "loss": 0.4},),
            },
            {"id": "vectors", "engine": {"kind": "fake", "task": "embed"}},
        ),
        "routers": {"topic": {"kind": "category", "artifact": "none", "fallback": "plain"}},
        "compositions": {"auto": {"kind": "route", "router": "topic"}},
        "slots": ({"name": "local", "count": 2, "memory_gib": 1},),
    }
)


class PreferenceRouter:
    """Chooses the first candidate of a fixed order, whatever the text."""

    version = "v1"

    def __init__(self, *order: str, is_slow: bool = False) -> None:
        self._order = order
        self.is_slow = is_slow
        self.asked: list[Prompts] = []

    def route(self, prompts: Prompts) -> list[Route]:
        self.asked.append(prompts)
        chosen = tuple(name for name in self._order if name in prompts.candidates)
        if not chosen:
            raise RouterError(f"none of {self._order} is a candidate")
        scores = {name: 1.0 / (place + 1) for place, name in enumerate(chosen)}
        return [
            Route(chosen=chosen, scores=scores, category="sums", entropy=0.25, reasons=("first",))
            for _ in prompts.texts
        ]


def programs_of(
    engine: Engine, *, generation: int = 7, router: PreferenceRouter | None = None
) -> Programs:
    return Programs(
        REGISTRY,
        generation=generation,
        routers={"topic": router or PreferenceRouter("math", "painter", "plain")},
        dispatch=engine,
    )


@dataclass(kw_only=True)
class Service:
    """The endpoint over a fake engine, with everything it was given at hand."""

    engine: FakeEngine = field(default_factory=FakeEngine)
    settings: ApiSettings = field(default_factory=ApiSettings)
    readiness: Readiness = field(default_factory=lambda: Readiness(is_ready=True))
    live: Callable[[], Programs] | None = None
    peer: str = "127.0.0.1"
    records: MemoryRecords = field(default_factory=MemoryRecords)
    registry: RegistryControl | None = None
    residency: ResidencyControl | None = None
    #: Which gateway it is, and the circuits that are not closed there.
    gateway: str = ""
    circuits: tuple[Circuit, ...] = ()
    placement: PlacementControl | None = None
    restarts: RestartControl | None = None
    judgements: MemoryJudgements = field(default_factory=MemoryJudgements)
    tracing: Tracing | None = None
    batch_spans: BatchSpans = field(default_factory=BatchSpans)
    batches: BatchControl | None = None
    storage: Storage | None = None
    repeats: Repeats | None = None
    answers: AnswerCache | None = None
    keyring: Keyring | None = None
    keys: KeyRecords | None = None
    audit: AuditLog | None = None
    meters: Meters | None = None
    usage: UsageStore | None = None

    def app(self) -> FastAPI:
        programs = programs_of(self.engine)
        return create_app(
            Wiring(
                live=self.live or (lambda: programs),
                records=self.records,
                readiness=lambda: self.readiness,
                settings=self.settings,
                registry=self.registry,
                residency=self.residency,
                gateway=self.gateway,
                circuits=lambda: self.circuits,
                placement=self.placement,
                restarts=self.restarts,
                judgements=self.judgements,
                tracing=self.tracing or Tracing(),
                batch_spans=self.batch_spans,
                batches=self.batches,
                storage=self.storage,
                repeats=self.repeats,
                answers=self.answers,
                keyring=self.keyring or Open(),
                keys=self.keys,
                audit=self.audit,
                meters=self.meters,
                usage=self.usage,
            )
        )

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(self.app(), client=(self.peer, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client

    async def last_record(self) -> StoredRecord:
        return (await self.records.recent(limit=1))[0]

    async def post(
        self, path: str, *, headers: Mapping[str, str] | None = None, **body: object
    ) -> httpx.Response:
        async with self.client() as client:
            return await client.post(path, json=body, headers=headers)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        async with self.client() as client:
            return await client.get(path, headers=headers)

    async def chat(
        self,
        text: str = "1+1?",
        *,
        model: str = "auto",
        headers: Mapping[str, str] | None = None,
        **more: object,
    ) -> httpx.Response:
        messages = [{"role": "user", "content": text}]
        body = {"model": model, "messages": messages, **more}
        return await self.post("/v1/chat/completions", headers=headers, **body)


def fault(response: httpx.Response) -> dict[str, str]:
    """The error of a response, which must be an envelope and nothing else."""
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    return body["error"]


def events(response: httpx.Response) -> list[str]:
    """The data of each server-sent event."""
    parts = response.text.split("\n\n")
    assert parts.pop() == ""
    return [part.removeprefix("data: ") for part in parts]


def data_of(response: httpx.Response) -> list[str]:
    """The data of each server-sent event, as clients read them that know no names of events."""
    lines = response.text.splitlines()
    return [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]


def stages_of(response: httpx.Response) -> list[dict]:
    """What a stream tells of stages, in events of their own name."""
    events = response.text.split("\n\n")
    told = [one for one in events if one.startswith("event: orchestrator.stage\n")]
    return [json.loads(one.partition("\ndata: ")[2])["orchestrator"] for one in told]


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[str]:
    """The service on a free port of this machine; its URL."""
    started = asyncio.Event()

    class Watched(uvicorn.Server):
        async def startup(self, sockets=None) -> None:
            await super().startup(sockets)
            started.set()

    server = Watched(uvicorn.Config(service.app(), port=0, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve())
    await started.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task
