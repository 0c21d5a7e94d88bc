"""Names and references of a registry."""

from itertools import pairwise

import pytest

from orchestrator.registry.draft import draft_of
from orchestrator.registry.engine_entry import FakeEngine
from orchestrator.registry.models import Expert, Registry
from orchestrator.registry.references import MAX_ROUTER_DEPTH, Reference, cycles, findings
from orchestrator.registry.routers import CategoryRouter, ShadowRouter, SplitRouter

FAKE = FakeEngine(kind="fake")


def reference(source, target):
    return Reference(
        path=(source, target), source=("composition", source), target=("composition", target)
    )


def edges(*pairs):
    return [reference(source, target) for source, target in pairs]


def test_a_sound_registry_has_no_findings():
    registry = Registry(
        experts=(Expert(id="a", engine=FAKE),),
        routers={"r": CategoryRouter(kind="category", artifact="x", fallback="a")},
    )

    assert list(findings(draft_of(registry))) == []


def test_a_cycle_is_told_once_with_its_way():
    (cycle,) = cycles(edges(("a", "b"), ("b", "c"), ("c", "a")))

    assert cycle.reason == (
        "closes a cycle: composition 'a' -> composition 'b' -> composition 'c' -> composition 'a'"
    )
    assert cycle.path == ("c", "a")


def test_an_entry_that_names_itself_is_a_cycle():
    (cycle,) = cycles(edges(("a", "a")))

    assert cycle.value == "'a'"


def test_two_ways_to_one_entry_are_no_cycle():
    assert list(cycles(edges(("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")))) == []


def test_two_cycles_are_two_findings():
    assert len(list(cycles(edges(("a", "a"), ("b", "c"), ("c", "b"))))) == 2


def test_a_chain_longer_than_pythons_stack_is_walked():
    chain = edges(*((str(n), str(n + 1)) for n in range(20_000)))

    assert list(cycles(chain)) == []


def nested(num_routers: int) -> Registry:
    """Each router is made of the next, twice; the last is fitted."""
    last = CategoryRouter(kind="category", artifact="x", fallback="a")
    chain = {
        f"r{n}": SplitRouter(kind="split", shares={f"r{n + 1}": 1, "last": 1})
        for n in range(num_routers - 2)
    }
    chain[f"r{num_routers - 2}"] = SplitRouter(kind="split", shares={"last": 1, "other": 1})
    routers = {**chain, "last": last, "other": last}
    return Registry(experts=(Expert(id="a", engine=FAKE),), routers=routers)


def test_routers_of_routers_are_followed_to_some_depth():
    assert list(findings(draft_of(nested(MAX_ROUTER_DEPTH)))) == []


@pytest.mark.parametrize("more", [1, 5, 2000])
def test_deeper_ones_are_told_once_where_they_begin_to_be(more):
    (fault,) = findings(draft_of(nested(MAX_ROUTER_DEPTH + more)))

    assert fault.path == ("routers", f"r{more - 1}")
    assert "is made of routers 8 levels deep; at most 7 are followed" in fault.reason


def test_many_ways_to_one_router_are_walked_once():
    levels = [(f"a{n}", f"b{n}") for n in range(1000)]
    pairs = [(one, other) for a, b in pairwise(levels) for one in a for other in b]

    assert list(cycles(edges(*pairs))) == []


@pytest.mark.parametrize(
    ("routers", "way"),
    [
        ({"a": {"router": "a", "shadows": ("b",)}}, "router 'a' -> router 'a'"),
        (
            {"a": {"router": "b", "shadows": ("c",)}, "b": {"router": "c", "shadows": ("a",)}},
            "router 'b' -> router 'a' -> router 'b'",
        ),
    ],
    ids=["itself", "by its shadow"],
)
def test_routers_made_of_themselves_are_refused(routers, way):
    fitted = CategoryRouter(kind="category", artifact="x", fallback="a")
    specs = {name: ShadowRouter(kind="shadow", **keys) for name, keys in routers.items()}
    registry = Registry(
        experts=(Expert(id="a", engine=FAKE),), routers={"b": fitted, "c": fitted, **specs}
    )

    (fault,) = findings(draft_of(registry))

    assert fault.reason == f"closes a cycle: {way}"
