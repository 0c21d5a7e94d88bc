"""The endpoint with keys and meters over one priced expert, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.access.books import Books
from orchestrator.access.metered import Metered
from orchestrator.compositions.programs import Programs
from orchestrator.engines.fake import FakeEngine
from orchestrator.registry.models import Registry
from orchestrator.store.memory_meters import MemoryMeters
from orchestrator.store.memory_usage import MemoryUsage
from orchestrator.store.meters import MeterStore
from tests.contracts.meters import Clock
from tests.keyrings import Keys
from tests.served import PreferenceRouter, Service

#: A call of `priced` with max_tokens N costs at most N * 1,000 nano-USD: its prompt is free.
REGISTRY = Registry.model_validate(
    {
        "experts": (
            {"id": "priced", "engine": {"kind": "fake"}, "price": {"output_usd_per_mtok": 1.0}},
            {
                "id": "vectors",
                "engine": {"kind": "fake", "task": "embed"},
                "price": {"input_usd_per_mtok": 1.0},
            },
            {"id": "free", "engine": {"kind": "fake"}},
        ),
        "routers": {"topic": {"kind": "category", "artifact": "none", "fallback": "priced"}},
        "compositions": {
            "auto": {"kind": "route", "router": "topic"},
            "twice": {"kind": "self_moa", "router": "topic", "samples": 2, "temperature": 0.5},
        },
        "slots": ({"name": "local", "count": 1, "memory_gib": 1},),
    }
)


@dataclass(kw_only=True)
class MeteredService:
    """A service whose keys are metered, with what it counts by at hand."""

    engine: FakeEngine = field(default_factory=lambda: FakeEngine(("a ", "b")))
    clock: Clock = field(default_factory=Clock)
    keys: Keys = field(default_factory=Keys)
    usage: MemoryUsage = field(default_factory=MemoryUsage)
    store: MeterStore | None = None

    def __post_init__(self) -> None:
        self.store = self.store or MemoryMeters(clock=self.clock)
        self.meters = Metered(self.store, books=Books(self.usage, clock=self.clock))
        programs = Programs(
            REGISTRY,
            generation=7,
            routers={"topic": PreferenceRouter("priced", "free")},
            dispatch=self.engine,
        )
        ring = self.keys.ring()
        self.service = Service(
            live=lambda: programs, keyring=ring, meters=self.meters, usage=self.usage
        )

    async def key(self, **terms: object) -> tuple[str, dict[str, str]]:
        """A key's id, and the header that presents it."""
        key, header = await self.keys.issue(**terms)
        return key.id, {"authorization": header}

    async def spent(self, key_id: str) -> int:
        """Nano-USD, once all is settled."""
        await self.meters.settling.settled()
        return (await self.store.spent(key_id)).all_nano_usd
