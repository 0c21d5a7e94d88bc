from dataclasses import replace

import numpy as np
import pytest

from routers.base import Prompts, RouterError
from routers.blend import BlendRouter, Member, Scale, plain_blend
from routers.blend_files import load_blend, write_blend
from routers.datasets import Answered, Example
from routers.fit_blend import fit_blend, told_by
from tests.unit.routers.answering import EXPERTS, Told, two_topics

FOR_CLERK = {"clerk": 0.9, "poet": 0.1}
FOR_POET = {"clerk": 0.4, "poet": 0.6}


def by_topic(text):
    return FOR_CLERK if text.startswith("capital") else {"clerk": 0.1, "poet": 0.9}


def asked(*texts, candidates=EXPERTS):
    return Prompts(texts=texts, candidates=frozenset(candidates))


def blend(weights, **routers):
    return plain_blend(routers, weights)


def test_the_expert_with_the_highest_weighed_mean_is_chosen_and_shares_are_told():
    router = blend({"a": 3.0, "b": 1.0}, a=Told("1", FOR_CLERK), b=Told("2", FOR_POET))

    [route] = router.route(asked("x"))

    assert route.chosen == ("clerk",)
    assert route.scores["clerk"] == pytest.approx(0.75 * 0.9 + 0.25 * 0.4)
    assert route.reasons[:2] == (
        "router 'a', share 75%, is for 'clerk'",
        "router 'b', share 25%, is for 'poet'",
    )


def test_a_router_that_is_unsure_has_no_say():
    sure, unsure = Told("1", FOR_POET), Told("2", FOR_CLERK, unsure=["x"])

    [route] = blend({"a": 0.1, "b": 0.9}, a=sure, b=unsure).route(asked("x"))

    assert route.chosen == ("poet",)
    assert "router 'b' is unsure and has no say" in route.reasons


def test_where_all_are_unsure_the_heaviest_decides_and_it_is_a_fallback():
    routers = {"a": Told("1", FOR_POET, unsure=["x"]), "b": Told("2", FOR_CLERK, unsure=["x"])}

    [route] = blend({"a": 0.1, "b": 0.9}, **routers).route(asked("x"))

    assert (route.chosen, route.is_fallback, route.chosen_by) == (("clerk",), True, "b")


def test_an_expert_that_one_router_does_not_know_is_judged_by_the_others():
    router = blend({"a": 1.0, "b": 1.0}, a=Told("1", {"clerk": 0.5}), b=Told("2", FOR_POET))

    [route] = router.route(asked("x"))

    assert route.scores == pytest.approx({"clerk": 0.45, "poet": 0.6})


class Merging(Told):
    """Says as well who merges answers best."""

    def __init__(self, *told, aggregator, **more):
        super().__init__(*told, **more)
        self._aggregator = aggregator

    def route(self, prompts):
        return [replace(one, aggregator=self._aggregator) for one in super().route(prompts)]


def test_the_aggregator_is_that_of_the_heaviest_sure_router_that_names_one():
    routers = {
        "none": Told("1", FOR_CLERK),
        "light": Merging("2", FOR_CLERK, aggregator="clerk"),
        "heavy": Merging("3", FOR_CLERK, aggregator="poet"),
        "unsure": Merging("4", FOR_CLERK, aggregator="nobody", unsure=["x"]),
    }
    weights = {"none": 9.0, "light": 1.0, "heavy": 2.0, "unsure": 5.0}

    [route] = blend(weights, **routers).route(asked("x"))

    assert route.aggregator == "poet"


def test_scales_bring_scores_to_quality_and_stay_in_0_to_1():
    member = Member(router=Told("1", FOR_CLERK), weight=1.0, scale=Scale(level=-1.0, slope=2.0))

    [route] = BlendRouter(members={"a": member}).route(asked("x"))

    assert route.scores == pytest.approx({"clerk": 0.8, "poet": 0.0})


def test_nobody_to_choose_from_is_an_error_and_no_texts_are_no_routes():
    router = blend({"a": 1.0, "b": 1.0}, a=Told("1", FOR_CLERK), b=Told("2", FOR_POET))

    assert router.route(asked()) == []
    with pytest.raises(RouterError, match="no candidate"):
        router.route(asked("x", candidates=()))


def test_a_router_that_knows_gets_the_weight_and_one_that_guesses_gets_none():
    table = two_topics()
    told = {name: told_by(one, table) for name, one in knowing_and_not().items()}

    fitted = fit_blend(told, table)

    assert fitted.weights[0] > 0.95
    assert fitted.metrics["quality"] == 1.0
    assert fitted.metrics["quality of knows"] == 1.0


def test_two_halves_of_the_truth_share_the_weight():
    dice = np.random.default_rng(1)
    clues = dice.standard_normal((2, 400, 2))
    chance = 1 / (1 + np.exp(-3 * clues.sum(axis=0)))
    scores = (dice.random((400, 2)) < chance).astype(float)
    examples = tuple(Example(id=str(i), prompt=str(i)) for i in range(400))
    table = Answered(examples=examples, experts=EXPERTS, scores=scores)

    fitted = fit_blend({"a": clues[0], "b": clues[1]}, table)

    assert fitted.weights == pytest.approx((0.5, 0.5), abs=0.1)
    alone = max(fitted.metrics["quality of a"], fitted.metrics["quality of b"])
    assert fitted.metrics["quality"] > alone + 0.02


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        pytest.param(["knows"], "1 routers; a blend takes 2 to 8", id="one"),
        pytest.param(["knows", "never"], "router 'never' is unsure of every", id="never sure"),
    ],
)
def test_what_cannot_be_weighed_is_refused(names, fault):
    table = two_topics()
    routers = knowing_and_not() | {
        "never": Told("3", FOR_CLERK, unsure=[one.prompt for one in table.examples])
    }

    with pytest.raises(RouterError, match=fault):
        fit_blend({name: told_by(routers[name], table) for name in names}, table)


def test_a_written_blend_is_read_with_its_weights(tmp_path):
    write_blend(knowing_and_not(), two_topics(), tmp_path)

    router = load_blend(tmp_path, knowing_and_not())

    assert [route.chosen for route in router.route(asked("capital", "french"))] == [
        ("clerk",),
        ("poet",),
    ]
    assert router.version.endswith("+1")


def test_weights_of_another_version_of_a_router_are_refused(tmp_path):
    write_blend(knowing_and_not(), two_topics(), tmp_path)

    with pytest.raises(RouterError, match="fitted on 'knows' of version '1', it is now '9'"):
        load_blend(tmp_path, knowing_and_not() | {"knows": Told("9", by_topic)})


def test_weights_stay_good_whatever_callers_said_of_a_router_since(tmp_path):
    write_blend(knowing_and_not(), two_topics(), tmp_path)

    router = load_blend(tmp_path, knowing_and_not() | {"knows": Told("1~0a1b2c3d", by_topic)})

    assert "+1~0a1b2c3d" in router.version


def test_weights_of_other_routers_are_refused(tmp_path):
    write_blend(knowing_and_not(), two_topics(), tmp_path)

    with pytest.raises(RouterError, match=r"weighs \['guesses', 'knows'\], not \['knows'\]"):
        load_blend(tmp_path, {"knows": Told("1", by_topic)})


def knowing_and_not():
    return {"knows": Told("1", by_topic), "guesses": Told("2", FOR_POET)}
