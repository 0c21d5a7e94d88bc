"""Routers of routers, as registries come and go."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestrator.errors import RegistryError
from orchestrator.registry.engine_entry import FakeEngine
from orchestrator.registry.models import Expert, Registry
from orchestrator.registry.router_rules import RulesRouter
from orchestrator.registry.routers import CategoryRouter, ShadowRouter, SplitRouter
from orchestrator.routing.building import Routers, quick_to_load
from routers.base import Prompts
from tests.unit.routers.always import Held
from tests.unit.routing.fitted import write_fitted

CANDIDATES = frozenset({"sums", "capitals", "general"})


def fitted(folder):
    return CategoryRouter(kind="category", artifact=str(folder), fallback="general")


def gate(router="topic"):
    rules = [{"when": {"has_tools": True}, "expert": "general"}]
    return RulesRouter(kind="rules", rules=rules, otherwise={"router": router})


@pytest.fixture
def specs(tmp_path):
    """A shadow of rules of a split of fitted ones."""
    for name in ("left", "right"):
        write_fitted(tmp_path / name, seed=1)
    return {
        "watched": ShadowRouter(kind="shadow", router="gate", shadows=("right",)),
        "gate": gate("trial"),
        "trial": SplitRouter(kind="split", shares={"left": 1, "right": 1}),
        "left": fitted(tmp_path / "left"),
        "right": fitted(tmp_path / "right"),
    }


def registry(specs):
    return Registry(experts=(Expert(id="general", engine=FakeEngine(kind="fake")),), routers=specs)


def test_a_folder_that_is_missing_is_told_with_the_router_that_needs_it(specs, tmp_path):
    specs["left"] = fitted(tmp_path / "none")

    with pytest.raises(RegistryError, match="router 'left' cannot be used"):
        Routers().load(specs)


def test_all_of_it_is_shared_while_nothing_changes(specs):
    routers = Routers(shadowing=Held())

    first, again = routers.load(specs), routers.load(specs)

    assert all(again[name] is first[name] for name in specs)


def test_an_inner_artifact_that_changes_builds_all_around_it_anew(specs, tmp_path):
    routers = Routers(shadowing=Held())
    before = routers.load(specs)

    write_fitted(tmp_path / "left", seed=2)
    after = routers.load(specs)

    assert {name for name in specs if after[name] is not before[name]} == {
        "watched", "gate", "trial", "left",
    }  # fmt: skip
    assert after["watched"].version != before["watched"].version


def test_an_inner_entry_that_changes_builds_all_around_it_anew(specs):
    routers = Routers(shadowing=Held())
    before = routers.load(specs)

    after = routers.load(
        {**specs, "trial": SplitRouter(kind="split", shares={"left": 1, "right": 9})}
    )

    changed = {name for name in specs if after[name] is not before[name]}
    assert changed == {"watched", "gate", "trial"}


def test_what_was_built_of_old_files_is_let_go_of(specs, tmp_path):
    routers = Routers()
    for seed in range(2, 6):
        write_fitted(tmp_path / "left", seed=seed)
        routers.load(specs)
        routers.keep([registry(specs)])

    # Without shadowing a shadow router is the one that decides: four routers, five entries.
    assert len(routers._held) == len(specs)


def test_what_no_registry_has_is_let_go_of(specs):
    routers = Routers()
    routers.load(specs)

    routers.keep([])

    assert routers._held == {}


def test_every_level_routes_and_says_who_chose(specs):
    held = Held()
    router = Routers(shadowing=held).load(specs)["watched"]

    (route,) = router.route(Prompts(texts=["what is 2 + 3"], candidates=CANDIDATES))
    held.let_go()

    assert route.chosen_by in {"gate/trial/left", "gate/trial/right"}
    assert route.chosen[0] in CANDIDATES
    assert held.told == [("gate", "right", "yes")]
    assert "router 'trial' is asked" in route.reasons


def test_where_shadows_are_not_asked_the_router_that_decides_is_built(specs):
    loaded = Routers().load(specs)

    assert loaded["watched"] is loaded["gate"]


def test_many_ways_to_one_router_build_it_once(specs):
    for level in range(7):
        inner = f"level{level - 1}" if level else "trial"
        specs[f"level{level}"] = SplitRouter(kind="split", shares={inner: 1, "left": 1})

    loaded = Routers().load(specs)["level6"]

    assert len(loaded.version) <= 64
    assert loaded.route(Prompts(texts=["x"], candidates=CANDIDATES))


def test_it_takes_as_long_as_minilm_where_any_of_its_routers_does(specs):
    specs["right"] = specs["right"].model_copy(update={"embedder": "minilm"})

    assert quick_to_load(specs).keys() == {"left"}


def test_threads_that_load_and_route_at_once_do_not_disturb_each_other(specs, tmp_path):
    routers, go = Routers(shadowing=Held()), threading.Event()

    def load_and_route(number):
        go.wait(10)
        found = routers.load({**specs, f"own{number}": gate()} | {"topic": specs["left"]})
        prompts = Prompts(texts=["what is 2 + 3"] * 5, candidates=CANDIDATES)
        routers.keep([registry(specs)])
        return [route.chosen for route in found["watched"].route(prompts)]

    with ThreadPoolExecutor(8) as pool:
        pending = [pool.submit(load_and_route, number) for number in range(32)]
        go.set()
        results = [one.result(60) for one in pending]

    assert all(result == results[0] for result in results)
