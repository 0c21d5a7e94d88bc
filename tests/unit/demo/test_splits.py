"""What a decomposer wrote is carried out as a composition does it."""

from __future__ import annotations

from deploy.demo.training.roles.splits import carried_out, num_lines

ANSWERS = {
    "What is niaps spelled backwards?": "spain",
    "What is the capital of spain?": "Madrid",
    "What is the atomic number of iron?": "26",
    "What is the atomic number of tin?": "50",
    "What is 26 + 50?": "76",
}
CAPITAL = "What is niaps spelled backwards?\nWhat is the capital of #1?"
TOTAL = "What is the atomic number of iron?\nWhat is the atomic number of tin?\nWhat is #1 + #2?"


class Expert:
    """Answers from a table, and keeps what was asked together."""

    def __init__(self):
        self.rounds = []

    def answer(self, questions):
        self.rounds.append(list(questions))
        return [ANSWERS.get(question) for question in questions]


def test_the_last_line_is_answered_with_the_answers_of_those_before():
    assert carried_out([CAPITAL, TOTAL], Expert().answer) == ["Madrid", "76"]


def test_lines_that_need_nothing_of_one_another_are_asked_together():
    expert = Expert()

    carried_out([CAPITAL, TOTAL], expert.answer)

    assert [len(asked) for asked in expert.rounds[:2]] == [3, 2]


def test_what_cannot_be_read_or_answered_is_no_answer():
    replies = ["", "What is #1?", "Who am I?\nWhat is the capital of #1?", CAPITAL]

    assert carried_out(replies, Expert().answer) == [None, None, None, "Madrid"]


def test_lines_are_counted_only_where_they_can_be_read():
    assert [num_lines(reply) for reply in (CAPITAL, TOTAL, "one", "", "#2\n#1")] == [2, 3, 1, 0, 0]
