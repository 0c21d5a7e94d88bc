from dataclasses import replace

import numpy as np
import pytest

from routers.base import RouterError
from routers.datasets import Example, Outcome, answered
from routers.fit_skill import Asked, agreement, fit_skill, merge_skill, skills_of
from routers.skill_readers import Readers
from tests.unit.routers.skilled import table_blobs
from tests.unit.routers.small import embedding

WORDS = ("capital", "french", "sum")
EXPERTS = ("mapper", "linguist", "counter")
READERS = Readers(by_name={"static": embedding()}, table=table_blobs())


def examples(*, num: int = 60, named: bool = True, of: str = "") -> list[Example]:
    """Questions of three skills in turn."""
    return [
        Example(
            id=f"q{number}",
            prompt=f"{WORDS[number % 3]} {of} {number}",
            skills=(WORDS[number % 3].title(),) if named else (),
            gold="A",
            grader="option",
            row=number + 1,
        )
        for number in range(num)
    ]


def outcomes(asked, *, experts=EXPERTS) -> list[Outcome]:
    """Each is right on its skill, and wrong in its own way on the others."""
    found = []
    for number, one in enumerate(asked):
        for place, expert in enumerate(EXPERTS):
            right = number % 3 == place or number % 9 == place
            answer = "A" if right else "BCD"[place]
            found.append(Outcome(id=one.id, expert=expert, score=float(right), answer=answer))
    return [one for one in found if one.expert in experts]


def asked(given=None, said=None, **more) -> Asked:
    given = examples() if given is None else given
    said = outcomes(given) if said is None else said
    return Asked(data=answered(given, said), outcomes=said, **more)


def test_counts_are_by_skill_in_small_letters_and_the_metrics_are_of_those_left_out():
    parts = fit_skill(asked(), READERS)

    assert parts.profiles.skills == parts.manifest.skills == WORDS
    assert parts.profiles.asked.tolist() == [[20] * 3] * 3
    assert parts.profiles.experts == ("counter", "linguist", "mapper")
    assert np.diag(parts.profiles.right[:, ::-1]).tolist() == [20, 20, 20]
    assert parts.manifest.metrics["one_call"] == 1.0
    assert parts.manifest.metrics["best_single"] < 0.6
    assert (parts.manifest.graded_by, parts.manifest.are_clusters) == ("labels", False)
    assert parts.vectors["static"].shape == (3, 3)


def test_a_category_stands_for_the_skills_that_nobody_named():
    own = [Example(id="a", prompt="x", category="Sums "), Example(id="b", prompt="y"),
           Example(id="c", prompt="z", category="no", skills=(" Plus  One",))]  # fmt: skip

    assert skills_of(own) == [("sums",), (), ("plus one",)]


def test_questions_without_skills_are_clustered_by_what_they_ask():
    parts = fit_skill(asked(examples(named=False), num_clusters=3), READERS)

    assert parts.manifest.are_clusters
    assert [name.split()[0] for name in parts.manifest.skills] == [
        "cluster-000",
        "cluster-001",
        "cluster-002",
    ]
    assert sorted(parts.profiles.asked[:, 0].tolist()) == [20, 20, 20]
    assert parts.manifest.metrics["one_call"] == 1.0


def test_without_labels_the_scores_are_not_read():
    given = examples()
    blind = [replace(one, score=np.nan) for one in outcomes(given)]

    parts = fit_skill(asked(given, blind, is_labelled=False), READERS)

    assert parts.manifest.graded_by == "agreement"
    assert parts.profiles.right.sum() > 0


def test_who_agrees_is_graded_well_and_who_was_not_asked_not_at_all():
    given = examples(num=1)
    said = [Outcome(id="q0", expert=name, score=0.0, answer=answer)
            for name, answer in (("a", "The answer is (B)."), ("b", "B"), ("c", "C"))]  # fmt: skip
    other = [Outcome(id="q1", expert="d", score=0.0, answer="C")]
    data = answered([*given, replace(given[0], id="q1")], [*said, *other])

    grades = agreement(data, [*said, *other])

    assert grades[0, :3].tolist() == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    assert np.isnan(grades[0, 3])


def test_an_answer_its_expert_was_sure_of_weighs_more():
    given = examples(num=3)
    sure = {"a": (-0.1, -2.0, -2.0), "b": (-9.0, -1.0, -1.0)}
    said = [Outcome(id=f"q{row}", expert=name, score=np.nan, answer="AB"[name == "b"], log_prob=own)
            for name, all_own in sure.items() for row, own in enumerate(all_own)]  # fmt: skip

    grades = agreement(answered(given, said), said)

    assert grades[0, 0] > 0.9 > 0.1 > grades[0, 1]
    assert grades[1].tolist() == [0.5, 0.5]


def test_agreement_without_answers_is_refused():
    said = [replace(one, answer=None) for one in outcomes(examples())]

    with pytest.raises(RouterError, match="no outcome has an answer"):
        fit_skill(asked(said=said, is_labelled=False), READERS)


def owner(of: str, *, experts=EXPERTS):
    given = examples(of=of)
    parts = fit_skill(asked(given, outcomes(given, experts=experts)), READERS)
    return parts.manifest, parts.profiles


def test_parts_of_two_owners_are_what_one_owner_of_both_would_have():
    merged = merge_skill([owner("one"), owner("two", experts=EXPERTS[:2])], READERS)

    assert merged.profiles.asked.sum(axis=0).tolist() == [60, 120, 120]
    assert merged.manifest.experts == ("counter", "linguist", "mapper")
    assert merged.manifest.prior_count == merged.profiles.fitted_prior_count()


def test_the_same_questions_are_not_counted_twice_whoever_else_was_asked():
    with pytest.raises(RouterError, match="expert 'mapper' was measured on data"):
        merge_skill([owner("one"), owner("one", experts=["mapper"])], READERS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"are_clusters": True}, "clusters of its questions"),
        ({"graded_by": "agreement"}, "do not add up"),
    ],
    ids=["clusters", "grades of another kind"],
)
def test_parts_that_do_not_add_up_are_refused(change, message):
    manifest, profiles = owner("two")

    with pytest.raises(RouterError, match=message):
        merge_skill([owner("one"), (manifest.model_copy(update=change), profiles)], READERS)


def test_the_aggregator_is_the_one_that_merged_best():
    tests = [Outcome(id=f"merge:q{number}", expert=name, score=float(number < right))
             for name, right in (("mapper", 2), ("counter", 5), ("linguist", 3))
             for number in range(6)]  # fmt: skip
    given = examples()

    parts = fit_skill(asked(given, [*outcomes(given), *tests]), READERS)

    assert parts.manifest.aggregator == "counter"
    assert parts.manifest.metrics["aggregator_right"] == pytest.approx(5 / 6, abs=1e-4)


def test_too_few_questions_leave_no_figures():
    given = examples(num=3)

    assert fit_skill(asked(given), READERS).manifest.metrics == {}
