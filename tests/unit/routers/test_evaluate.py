from dataclasses import replace

import numpy as np
import pytest

from routers.base import Route
from routers.datasets import Example, Outcome, answered
from routers.evaluate import NO_CATEGORY, evaluate
from routers.labelled import labelled_trial
from routers.resampling import Share
from routers.split import SplitRouter
from routers.trial import trial_of
from tests.unit.routers.small import router
from tests.unit.routers.trials import trial

ASKED = [
    ("capital of Peru", "capitals", "plain"),
    ("capital french", "french", "decoy"),
    ("sum of it", "sums", "plain"),
    ("quux", "sums", "plain"),
]


class Always:
    """Chooses one expert and is sure of it."""

    version = "always"
    is_slow = False

    def __init__(self, *chosen, score=0.75):
        self._chosen, self._score = chosen, score

    def route(self, prompts):
        scores = dict.fromkeys(sorted(prompts.candidates), self._score)
        return [Route(chosen=self._chosen, scores=scores) for _ in prompts.texts]


@pytest.fixture(scope="module")
def labelled():
    examples = [
        Example(id=str(row), prompt=prompt, category=category, kind=kind, row=row)
        for row, (prompt, category, kind) in enumerate(ASKED)
    ]
    return labelled_trial(examples, experts_by_category={}, others=["general"])


@pytest.fixture(scope="module")
def report(labelled):
    return evaluate({"small": router()}, labelled, unknown=["hm", "capital"]).reports[0]


def test_questions_are_counted_by_kind_and_category(report):
    assert {one.name: one.asked for one in report.by_kind} == {"decoy": 1, "plain": 3}
    reached = {one.name: one.accuracy.mean for one in report.by_category}
    assert reached == {"capitals": 1, "french": 0, "sums": 0.5}


def test_what_went_wrong_is_named_with_an_example(report):
    assert ("sums", "general", "quux") in [
        (it.category, it.chosen, it.example) for it in report.confusions
    ]
    assert report.went.sum() == len(ASKED)
    # It is as unsure of the capital and the French as of what it never heard of.
    assert report.num_fallbacks == 2


def test_unknown_prompts_are_right_with_the_general_expert(report):
    assert report.unknown == Share(right=1, asked=2)
    assert len(report.entropies.unknown) == 2


def test_gain_is_paired_with_the_best_single_expert():
    # `a` is best by the first two and right on 2 and 3; `b` on 3, 4 and 5.
    tried = trial({"a": "AAAABB", "b": "BBBAAA"}, gold="AAAAAA", num_fitted=2)

    found = evaluate({"b": Always("b")}, tried).reports[0].figures[0]

    assert found.accuracy.mean == pytest.approx(0.75)
    assert found.gain.mean == pytest.approx(0.25)
    assert found.regret.mean == pytest.approx(0.25)


def test_the_best_single_expert_gains_nothing_over_itself():
    tried = trial({"a": "AAB", "b": "BBA"}, gold="AAA", num_fitted=1)

    single = evaluate({"a": Always("a")}, tried).baselines[0]

    assert (single.gain.low, single.gain.mean, single.gain.high) == (0, 0, 0)


def test_recruits_are_measured_alone_and_by_their_vote():
    tried = trial({"a": "AB", "b": "BA", "c": "AA"}, gold="AA")

    first, vote = evaluate({"r": Always("a", "b", "c")}, tried).reports[0].figures

    assert (first.accuracy.mean, vote.accuracy.mean) == (0.5, 1.0)
    assert (first.costs["calls"], vote.costs["calls"]) == (1.0, 3.0)


def test_claims_are_compared_with_what_was_reached():
    tried = trial({"a": "AAAB", "b": "BBBA"}, gold="AAAA")

    found = evaluate({"a": Always("a", score=0.75)}, tried).reports[0].claims

    assert found is not None
    assert found.error == pytest.approx(0.0)


def test_each_question_is_a_caller_of_its_own():
    tried = trial({"a": "A" * 64, "b": "B" * 64}, gold="A" * 64)
    split = SplitRouter(routers={"x": Always("a"), "y": Always("b")}, shares={"x": 1, "y": 1})

    found = evaluate({"split": split}, tried).reports[0]

    assert 10 < found.went[0, 0] < 54
    assert [one.name for one in found.by_category] == [NO_CATEGORY]


def test_questions_of_one_group_are_drawn_together(labelled):
    examples = [
        Example(id=str(i), prompt="sum", category="sums", group="one" if i < 3 else "")
        for i in range(5)
    ]

    draws = labelled_trial(examples, experts_by_category={}).draws

    assert len(np.unique(draws)) == 3


class Unready(Always):
    """Would choose otherwise if somebody named the skills."""

    def route(self, prompts):
        return [
            replace(route, needs_generation=traits.skills is None)
            for route, (_, traits) in zip(super().route(prompts), prompts.each(), strict=True)
        ]


def test_choices_that_lacked_the_skills_are_counted():
    examples = [
        Example(id="named", prompt="sum", category="a", skills=("sums",)),
        Example(id="bare", prompt="sum", category="a"),
    ]
    labelled = labelled_trial(examples, experts_by_category={})

    assert evaluate({"r": Unready("a")}, labelled).reports[0].num_unnamed == 1


class Recalls(Always):
    """Knows an answer to every question but the first."""

    def route(self, prompts):
        return [
            replace(route, answer="A" if number and traits.may_recall else None)
            for number, (route, (_, traits)) in enumerate(
                zip(super().route(prompts), prompts.each(), strict=True)
            )
        ]


def test_a_known_answer_is_graded_and_costs_nothing():
    # Expert `a` is wrong on all; the right answers are A, A and B.
    examples = [Example(id=str(i), prompt="q", gold=gold) for i, gold in enumerate("AAB")]
    outcomes = [Outcome(id=str(i), expert="a", score=0, answer="C") for i in range(3)]
    tried = trial_of(answered(examples, outcomes), outcomes, tried=range(3))

    found = evaluate({"r": Recalls("a")}, tried).reports[0]

    assert found.figures[0].accuracy.mean == pytest.approx(1 / 3)
    assert found.figures[0].costs["calls"] == pytest.approx(1 / 3)
    assert found.recalled == Share(right=1, asked=2)
    assert found.went.sum() == 1


def test_nothing_is_recalled_where_no_right_answer_is_known():
    tried = trial({"a": "AAA"}, gold="AAA")

    assert evaluate({"r": Recalls("a")}, tried).reports[0].recalled is None
