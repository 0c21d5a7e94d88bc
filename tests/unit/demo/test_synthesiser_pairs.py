"""What the synthesiser is trained on."""

from random import Random

from deploy.demo.training.roles.sampled import read_bank, write_bank
from deploy.demo.training.roles.synthesiser import MAX_CANDIDATES, ordered, synthesis
from tests.unit.demo.judged import bank, sampled

NUM = 400


def drawn(seed=7):
    rng, questions = Random(seed), bank()
    return [synthesis(questions, rng) for _ in range(NUM)]


def test_the_same_seed_gives_the_same_pairs():
    assert drawn() == drawn()
    assert drawn() != drawn(seed=8)


def is_known(pair):
    return pair.prompt.startswith("Where does ")


def candidates(pair):
    return pair.prompt.strip().split("\n")[1:]


def test_the_reply_is_the_right_answer_whatever_candidates_say():
    known = [pair for pair in drawn() if is_known(pair)]

    assert len(known) > NUM / 2
    assert all(pair.prompt.startswith(f"Where does {pair.answer} lie?") for pair in known)


def test_the_reply_is_the_most_frequent_candidate_where_nothing_is_known():
    unknown = [pair for pair in drawn() if not is_known(pair)]

    assert len(unknown) > NUM / 10
    assert all(candidates(pair)[0].split(" ", 1)[1] == pair.answer for pair in unknown)


def test_candidates_are_as_many_as_are_asked_for_at_most():
    counts = [sum(int(line.split()[0]) for line in candidates(pair)) for pair in drawn()]

    assert max(counts) <= MAX_CANDIDATES
    assert min(counts) == 0


def test_most_candidates_are_wrong_at_times():
    known = [pair for pair in drawn() if is_known(pair) and candidates(pair)]

    is_first = [candidates(pair)[0].split(" ", 1)[1] == pair.answer for pair in known]

    assert 0.2 < sum(is_first) / len(is_first) < 0.8


def test_an_order_takes_a_place_and_never_adds_one_too_many():
    rng = Random(3)

    for _ in range(100):
        said = ordered(bank(), sampled(), ["Paris"] * MAX_CANDIDATES, rng)
        assert len(said) <= MAX_CANDIDATES
        assert set(said) - {"Paris"}


def test_a_bank_is_read_back_as_it_was_written(tmp_path):
    rows = [sampled("Zürich\u2028", accept=("Zurich",)), sampled()]

    write_bank(tmp_path / "bank.jsonl", rows)

    assert list(read_bank(tmp_path / "bank.jsonl").rows) == rows
