"""Shares of live traffic for routers that are compared."""

from dataclasses import dataclass

import pytest

from routers.base import Prompts, Route, RouterError, Traits
from routers.split import SplitRouter


@dataclass(frozen=True)
class Always:
    """Chooses one expert, if it may."""

    expert: str
    is_slow: bool = False

    @property
    def version(self):
        return self.expert

    def route(self, prompts):
        if self.expert not in prompts.candidates:
            raise RouterError(f"{self.expert} is no candidate")
        return [Route(chosen=(self.expert,), scores={self.expert: 1.0}) for _ in prompts.texts]


def split(**shares):
    return SplitRouter(routers={"a": Always("one"), "b": Always("two")}, shares=shares)


def asked(*callers, candidates=("one", "two")):
    return Prompts(
        texts=["x"] * len(callers),
        candidates=frozenset(candidates),
        traits=[Traits(caller=caller) for caller in callers],
    )


def test_callers_are_shared_out_and_stay_where_they_are():
    callers = [f"caller-{number}" for number in range(2000)]

    first = split(a=3, b=1).route(asked(*callers))
    again = split(a=3, b=1).route(asked(*reversed(callers)))

    assert [route.chosen_by for route in first] == [r.chosen_by for r in reversed(again)]
    share = sum(route.chosen == ("one",) for route in first) / len(callers)
    assert share == pytest.approx(0.75, abs=0.03)


def test_the_route_names_the_router_that_chose_and_the_version_names_both():
    routes = split(a=1e-9, b=1).route(asked("somebody"))

    assert (routes[0].chosen, routes[0].chosen_by) == (("two",), "b")
    assert split(a=1, b=1).version == "one+two"


def test_what_one_router_cannot_choose_from_is_its_error():
    with pytest.raises(RouterError, match="two is no candidate"):
        split(a=1e-9, b=1).route(asked("somebody", candidates=("one",)))


def test_no_prompts_are_no_routes():
    assert split(a=1, b=1).route(asked()) == []
