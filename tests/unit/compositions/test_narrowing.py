"""Questions without the options that nobody chose."""

import pytest

from orchestrator.compositions.narrowing import narrowed

QUESTION = "Which is a prime?\n(A) 4\n(B) 7\n(C) 9"


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("Which is a prime?", ["A", "B"]),
        (QUESTION, []),
        (QUESTION, ["A", "A"]),
        (QUESTION, ["A", "I do not know"]),
        (QUESTION, ["A", "E"]),
        (QUESTION, ["A", "B", "C"]),
    ],
    ids=["no options", "no answers", "one chosen", "one readable", "one is there", "all chosen"],
)
def test_nothing_is_left_out_where_there_is_nothing_to_choose_or_to_drop(question, answers):
    assert narrowed(question, answers) is None


def test_what_somebody_chose_stays_with_its_letter():
    found = narrowed(QUESTION, ["I take (C)", "The answer is B.", "hm", "C"])

    assert found is not None
    assert found.question == "Which is a prime?\n(B) 7\n(C) 9"
    assert found.choices == ("B. 7", "C. 9")
