"""The endpoint over a registry with a composition of each kind that makes several calls."""

from __future__ import annotations

from orchestrator.compositions.programs import Programs
from orchestrator.engines.fake import FakeEngine
from orchestrator.registry.models import Registry
from tests.served import PreferenceRouter, Service

COMPOSED = Registry.model_validate(
    {
        "experts": (
            {
                "id": "math",
                "engine": {"kind": "fake"},
                "price": {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0},
            },
            {
                "id": "writer",
                "engine": {"kind": "fake"},
                "price": {"input_usd_per_mtok": 10.0, "output_usd_per_mtok": 20.0},
            },
        ),
        "routers": {"topic": {"kind": "category", "artifact": "none", "fallback": "math"}},
        "compositions": {
            "auto": {"kind": "route", "router": "topic"},
            "careful": {"kind": "vote", "router": "topic", "samples": 3, "answers": "number"},
            "together": {"kind": "vote", "router": "topic", "samples": 1, "experts": 2},
            "refined": {
                "kind": "self_moa", "router": "topic", "samples": 2, "aggregator": "writer",
            },
            "thrifty": {
                "kind": "cascade", "cheap": ("math",), "strong": "writer", "tau": 0.9,
                "answers": "number",
            },
            "nested": {
                "kind": "cascade", "cheap": ("together", "auto"), "strong": "writer",
                "samples": 1, "tau": 0.9, "answers": "number",
            },
        },
    }
)  # fmt: skip


def composed(engine: FakeEngine) -> Service:
    """A service whose router prefers `math`."""
    router = PreferenceRouter("math", "writer")
    programs = Programs(COMPOSED, generation=7, routers={"topic": router}, dispatch=engine)
    return Service(engine=engine, live=lambda: programs)
