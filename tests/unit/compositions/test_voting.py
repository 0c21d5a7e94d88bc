"""What samples say together, on values alone."""

import pytest

from orchestrator.compositions.certainty import chance
from orchestrator.compositions.stages import CallDone
from orchestrator.compositions.voting import (
    Sample,
    agreed,
    is_decided,
    samples_of,
    winner,
)
from orchestrator.engines.answer import Choice
from orchestrator.engines.base import Usage

EQUAL = {"math": 1.0, "code": 1.0}


def given(*answers: str | None, expert: str = "math") -> list[Sample]:
    return [
        Sample(
            expert=expert,
            answer=answer,
            choice=Choice(index=place, text=f"{place}: {answer}", finish_reason="stop"),
        )
        for place, answer in enumerate(answers)
    ]


def test_what_says_nothing_is_no_sample():
    said = [Choice(index=0, text=" \n", finish_reason="stop")]
    said += [Choice(index=1, text="The answer is 4", finish_reason="stop")]
    usage = Usage(prompt_tokens=1, completion_tokens=1)
    call = CallDone(expert="math", took_s=1.0, choices=tuple(said), usage=usage)

    assert [one.answer for one in samples_of([call], "number")] == ["4"]


@pytest.mark.parametrize(
    ("answers", "place"),
    [
        (("3", "4", "4"), 1),
        (("3", "4"), 0),
        ((None, "4", "3", "3"), 2),
        ((None, None), 0),
    ],
    ids=["most say it", "a tie goes to the first", "who abstains", "nobody can be read"],
)
def test_the_winner_is_the_first_sample_that_holds_the_answer(answers, place):
    samples = given(*answers)

    assert winner(samples, EQUAL) is samples[place]


def test_one_heavy_vote_outweighs_two_light_ones():
    samples = [*given("3", expert="code"), *given("4", "4")]

    assert winner(samples, {"code": 3.0, "math": 1.0}).answer == "3"


@pytest.mark.parametrize(
    ("answers", "left", "expected"),
    [
        (("4", "4"), 1.0, True),
        (("4", "4"), 2.0, False),
        (("4", "4", "3"), 0.5, True),
        ((None, None), 1.0, False),
        ((), 3.0, False),
    ],
    ids=["2 > 0 + 1", "2 = 0 + 2", "2 > 1 + 0.5", "nobody leads", "nobody answered"],
)
def test_a_vote_is_decided_once_the_rest_cannot_change_it(answers, left, expected):
    assert is_decided(given(*answers), EQUAL, left=left) is expected


@pytest.mark.parametrize(
    ("answers", "num_left", "expected"),
    [
        (("4", "4"), 1, True),
        (("4", "3"), 1, None),
        (("4", None), 0, False),
        (("4", "3", "5"), 0, False),
        ((), 3, None),
    ],
    ids=["2 of 3", "2 of 3 are possible", "1 of 3, one failed", "1 of 3", "all to come"],
)
def test_agreement_is_told_as_soon_as_it_is_certain(answers, num_left, expected):
    assert agreed(given(*answers), num_left=num_left, num_asked=3, tau=2 / 3) is expected


def test_agreeing_answers_are_likelier_right_the_more_there_are():
    accuracies = {"math": 0.6}

    chances = [
        chance(given(*answers), accuracies, num_options=10)
        for answers in ((None,), ("4", "3"), ("4",), ("4", "4"), ("4", "4", "4"))
    ]

    assert chances[0] == 0.0
    assert chances == sorted(chances)
    # 0.6 * 9 / 0.4 = 13.5; 13.5 ** 2 / (13.5 ** 2 + 9)
    assert chances[3] == pytest.approx(182.25 / 191.25)
