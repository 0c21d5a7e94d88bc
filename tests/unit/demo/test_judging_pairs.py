"""What the synthesiser and the judge are trained on."""

from random import Random

import pytest

from deploy.demo.training.roles.judge import judgement
from deploy.demo.training.roles.sampled import read_bank, write_bank
from deploy.demo.training.roles.synthesiser import MAX_CANDIDATES, ordered, synthesis
from tests.unit.demo.judged import bank, sampled

NUM = 400


def drawn(compose, seed=7):
    rng, questions = Random(seed), bank()
    return [compose(questions, rng) for _ in range(NUM)]


def verdicts():
    return [pair for pair in drawn(judgement) if "\n= " in pair.prompt]


@pytest.mark.parametrize("compose", [synthesis, judgement])
def test_the_same_seed_gives_the_same_pairs(compose):
    assert drawn(compose) == drawn(compose)
    assert drawn(compose) != drawn(compose, seed=8)


def test_the_reply_is_the_right_answer_whatever_candidates_say():
    for pair in drawn(synthesis):
        assert pair.prompt.startswith(f"Where does {pair.answer} lie?")


def test_candidates_are_as_many_as_are_asked_for_at_most():
    counts = [
        sum(int(line.split()[0]) for line in pair.prompt.strip().split("\n")[1:])
        for pair in drawn(synthesis)
    ]

    assert max(counts) <= MAX_CANDIDATES
    assert min(counts) == 0


def test_most_candidates_are_wrong_at_times():
    firsts = [pair.prompt.strip().split("\n")[1:2] for pair in drawn(synthesis)]
    pairs = list(zip(drawn(synthesis), firsts, strict=True))

    is_first = [first[0].split(" ", 1)[1] == pair.answer for pair, first in pairs if first]

    assert 0.2 < sum(is_first) / len(is_first) < 0.8


def test_an_order_takes_a_place_and_never_adds_one_too_many():
    rng = Random(3)

    for _ in range(100):
        said = ordered(bank(), sampled(), ["Paris"] * MAX_CANDIDATES, rng)
        assert len(said) <= MAX_CANDIDATES
        assert set(said) - {"Paris"}


def test_only_the_bare_right_answer_gets_a_yes():
    for pair in verdicts():
        question, candidate = pair.prompt.split("\n= ")
        assert (pair.answer == "yes") == (question == f"Where does {candidate} lie?")


def test_both_verdicts_are_about_as_frequent():
    share = sum(pair.answer == "yes" for pair in verdicts()) / len(verdicts())

    assert 0.35 < share < 0.6


def test_a_question_without_a_candidate_is_answered():
    plain = [pair for pair in drawn(judgement) if "\n= " not in pair.prompt]

    assert plain
    assert all(pair.prompt == f"Where does {pair.answer} lie?" for pair in plain)


def test_words_around_a_right_answer_get_a_no():
    asked = [(pair, *pair.prompt.removeprefix("Where does ").split(" lie?\n= ")) for pair in
             verdicts()]  # fmt: skip

    wordy = [pair.answer for pair, right, said in asked if right in said and len(said) > len(right)]

    assert len(wordy) > 5
    assert set(wordy) == {"no"}


def test_a_bank_is_read_back_as_it_was_written(tmp_path):
    rows = [sampled("Zürich\u2028", accept=("Zurich",)), sampled()]

    write_bank(tmp_path / "bank.jsonl", rows)

    assert list(read_bank(tmp_path / "bank.jsonl").rows) == rows
