"""Answers among which one is chosen."""

from orchestrator.compositions.candidates import candidates_of, num_given
from orchestrator.compositions.stages import CallDone
from orchestrator.engines.answer import Choice


def call(expert, *texts):
    choices = tuple(
        Choice(index=at, text=text, finish_reason="stop") for at, text in enumerate(texts)
    )
    return CallDone(expert=expert, took_s=0.0, choices=choices)


def test_what_says_nothing_is_no_candidate():
    assert candidates_of([call("a", "", " \n"), call("b")]) == ()


def test_what_was_given_twice_is_one_candidate_of_whom_gave_it_first():
    found = candidates_of([call("a", "four", "five"), call("b", "five ", "six")])

    assert [(one.text, one.expert, one.times) for one in found] == [
        ("five", "a", 2), ("four", "a", 1), ("six", "b", 1),
    ]  # fmt: skip
    assert num_given(found) == 4
