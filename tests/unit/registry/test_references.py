"""Names and references of a registry."""

from orchestrator.registry.draft import draft_of
from orchestrator.registry.models import Expert, FakeEngine, Registry
from orchestrator.registry.references import Reference, cycles, findings
from orchestrator.registry.routers import CategoryRouter

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
