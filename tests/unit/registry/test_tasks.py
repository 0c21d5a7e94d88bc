"""Experts that embed, as the registry sees them."""

import pytest

from orchestrator.registry.compositions import CascadeComposition
from orchestrator.registry.draft import draft_of
from orchestrator.registry.engine_entry import FakeEngine, VllmEngine
from orchestrator.registry.models import Expert, Registry
from orchestrator.registry.routers import CategoryRouter
from orchestrator.registry.tasks import findings

EMBEDDER = Expert(id="vectors", engine=FakeEngine(kind="fake", task="embed"))
TALKER = Expert(id="talker", engine=FakeEngine(kind="fake"))


def registry(*experts: Expert, fallback: str = "talker") -> Registry:
    router = CategoryRouter(kind="category", artifact="x", fallback=fallback)
    return Registry(experts=experts, routers={"topic": router})


def test_an_embedder_beside_others_is_sound():
    assert list(findings(draft_of(registry(EMBEDDER, TALKER)))) == []


def test_a_router_may_not_fall_back_to_an_embedder():
    (fault,) = findings(draft_of(registry(EMBEDDER, TALKER, fallback="vectors")))

    assert fault.path == ("routers", "topic", "fallback")
    assert "embeds (engine.task) and cannot answer" in fault.reason
    assert fault.allowed == ("talker",)


def test_a_composition_may_not_have_an_embedder_answer():
    cascade = CascadeComposition(kind="cascade", cheap=("talker",), strong="vectors", tau=0.5)
    thrifty = registry(EMBEDDER, TALKER).model_copy(update={"compositions": {"thrifty": cascade}})

    (fault,) = findings(draft_of(thrifty))

    assert fault.path == ("compositions", "thrifty", "strong")
    assert fault.allowed == ("talker",)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"engine": VllmEngine(task="embed", tool_parser="hermes")}, ("engine", "tool_parser")),
        (
            {"engine": VllmEngine(task="embed", reasoning_parser="qwen3")},
            ("engine", "reasoning_parser"),
        ),
        ({"engine": VllmEngine(task="embed", max_loras=2)}, ("engine", "max_loras")),
        ({"defaults": {"temperature": 0}}, ("defaults",)),
    ],
    ids=["tools", "reasoning", "adapters", "sampling"],
)
def test_settings_of_generation_are_refused_on_an_embedder(changes, path):
    expert = Expert.model_validate(EMBEDDER.model_dump() | changes)

    (fault,) = findings(draft_of(registry(TALKER, expert)))

    assert fault.path == ("experts", 1, *path)
    assert "would be ignored: expert 'vectors' embeds" in fault.reason
