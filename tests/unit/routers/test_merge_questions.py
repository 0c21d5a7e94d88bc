import pytest

from routers import merge_questions
from routers.base import RouterError
from routers.datasets import Outcome
from tests.unit.routers.test_fit_skill import examples, outcomes


def written(given, said):
    return merge_questions.merge_questions(given, said, num_tests=5, seed=1)


def test_without_right_and_wrong_answers_there_is_no_test():
    said = [Outcome(id="q0", expert="a", score=1.0, answer="A")]

    with pytest.raises(RouterError, match="none of 1 questions has one right and 2 wrong"):
        written(examples(), said)


def test_a_test_shows_one_right_and_two_wrong_answers_and_keeps_the_gold_one():
    given = examples()

    found = written(given, outcomes(given))

    assert len(found) == 5
    one = found[0]
    assert merge_questions.is_merge_question(one.id)
    source = next(it for it in given if f"merge:{it.id}" == one.id)
    assert (one.gold, one.grader) == ("A", "option")
    assert source.prompt in one.prompt
    assert one.prompt.count("Answer ") == 3
    assert one.prompt.count(":\nA") == 1


def test_tests_are_not_made_of_tests():
    given = examples()
    tests = written(given, outcomes(given))
    said = [Outcome(id=it.id, expert=name, score=float(name == "a"), answer=name)
            for it in tests for name in "abc"]  # fmt: skip

    with pytest.raises(RouterError):
        written(tests, said)


def test_nobody_who_was_not_tested_is_named():
    assert merge_questions.chosen_aggregator(outcomes(examples())) == (None, None)


def test_experts_that_took_other_tests_are_refused():
    said = [Outcome(id=f"merge:{name}", expert=name, score=1.0) for name in "ab"]

    with pytest.raises(RouterError, match="must take the same aggregator's tests"):
        merge_questions.chosen_aggregator(said)
