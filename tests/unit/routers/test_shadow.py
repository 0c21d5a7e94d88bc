"""What others would have chosen, seen beside the answer."""

from dataclasses import dataclass

import pytest

from routers.base import Prompts, Route, RouterError
from routers.shadow import ShadowRouter
from tests.unit.routers.always import Always, Held

ALL = frozenset({"one", "two"})


class Broken:
    """A router with a fault of its own."""

    version, is_slow = "broken", True

    def route(self, prompts):
        raise ZeroDivisionError


def shadowed(held, **shadows):
    return ShadowRouter(name="main", router=Always("one"), shadows=shadows, shadowing=held)


def asked(*texts, candidates=ALL):
    return Prompts(texts=texts, candidates=frozenset(candidates))


def test_the_one_that_decides_may_fail_and_nobody_else_is_asked():
    held = Held()

    with pytest.raises(RouterError):
        shadowed(held, watch=Always("two")).route(asked("x", candidates={"two"}))

    assert held.jobs == []


@pytest.mark.parametrize("shadow", [Always("two", is_slow=True), Broken()])
def test_the_route_is_there_before_any_shadow_is_asked(shadow):
    held = Held()
    router = shadowed(held, watch=shadow)

    (route,) = router.route(asked("x"))

    assert (route.chosen, route.chosen_by, route.compared) == (("one",), "main", {"watch": None})
    assert (router.is_slow, router.version) == (False, "always-one")
    assert held.told == []


def test_what_shadows_chose_is_seen_once_they_have():
    held = Held()
    (route,) = shadowed(held, same=Always("one"), other=Always("two")).route(asked("x"))

    held.let_go()

    assert route.compared == {"same": "one", "other": "two"}
    assert held.told == [("main", "same", "yes"), ("main", "other", "no")]


def test_a_shadow_without_a_candidate_has_failed():
    held = Held()
    (route,) = shadowed(held, watch=Always("gone")).route(asked("x"))

    held.let_go()

    assert (route.compared, held.told) == ({"watch": None}, [("main", "watch", "failed")])


def test_a_fault_of_a_shadow_is_counted_and_left_to_who_runs_it():
    held = Held()
    shadowed(held, watch=Broken()).route(asked("x", "y"))

    with pytest.raises(ZeroDivisionError):
        held.let_go()

    assert held.told == [("main", "watch", "failed")] * 2


def test_where_too_much_waits_a_shadow_is_dropped():
    held = Held(has_room=False)

    routes = shadowed(held, watch=Always("two")).route(asked("x", "y"))

    assert [route.compared for route in routes] == [{"watch": None}] * 2
    assert held.told == [("main", "watch", "dropped")] * 2


def test_each_prompt_of_several_has_its_own_comparison():
    @dataclass(frozen=True)
    class ByText:
        version: str = "1"
        is_slow: bool = False

        def route(self, prompts):
            return [Route(chosen=(text,), scores={text: 1.0}) for text in prompts.texts]

    held = Held()
    routes = shadowed(held, watch=ByText()).route(asked("one", "two"))

    held.let_go()

    assert [route.compared["watch"] for route in routes] == ["one", "two"]
    assert [agreed for _, _, agreed in held.told] == ["yes", "no"]


def test_a_shadow_within_a_shadow_is_seen_too():
    held = Held()
    inner = shadowed(held, deep=Always("two"))
    outer = ShadowRouter(
        name="inner", router=inner, shadows={"wide": Always("one")}, shadowing=held
    )
    (route,) = outer.route(asked("x"))
    before = dict(route.compared)

    held.let_go()

    assert before == {"deep": None, "wide": None}
    assert dict(route.compared) == {"deep": "two", "wide": "one"}
    assert route.chosen_by == "inner/main"
