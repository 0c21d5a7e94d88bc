import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from bench.answer_table import table_of
from bench.composed_recorded import (
    ORACLE,
    POSTERIOR,
    RANDOM,
    RECORDED_TARGETS,
    ROUTED,
    SINGLE,
    VOTE,
    WEIGHED,
    outcome_of,
    tried_on,
)
from bench.recorded_meaning import meaning_figures, pairs_of
from bench.recorded_scores import halves, learned
from tests.unit.routers.small import embedding

MODELS = ("m", "f", "g", "h", "i", "j")
SOLVED = {("m", "sums"), ("g", "sums"), ("f", "french"), ("h", "french")}
NUM = 240


@pytest.fixture(scope="module")
def rows():
    """`m` and `g` solve sums, `f` and `h` French, the others guess."""
    dice = np.random.default_rng(0)
    found = []
    for number in range(NUM):
        skill = ("sums", "french")[number % 2]
        for model in MODELS:
            is_right = dice.random() < (0.9 if (model, skill) in SOLVED else 0.3)
            wrong = "BCD"[int(dice.integers(3))]
            found.append(
                {
                    "prompt_id": number, "prompt": f"Question {number} of {skill}?",
                    "category": skill, "subject": skill, "split": "open", "gold": "A",
                    "model": model, "score": int(is_right), "answer": "A" if is_right else wrong,
                }
            )  # fmt: skip
    return found


@pytest.fixture(scope="module")
def table(rows):
    found = table_of({name: [row[name] for row in rows] for name in rows[0]})
    return found.of(MODELS)


@pytest.fixture(scope="module")
def signals(table):
    return np.array([[name == "sums", name == "french"] for name in table.categories], dtype=float)


def test_halves_share_no_question_and_hold_half_of_each_category(table):
    fit, test = halves(table, seed=1)

    assert sorted([*fit, *test]) == list(range(NUM))
    assert [table.categories[row] for row in fit].count("sums") == NUM // 4
    assert fit.tolist() != halves(table, seed=2)[0].tolist()


def test_what_is_learned_reads_no_label_of_the_other_half(table, signals):
    fit, test = halves(table, seed=0)
    found = learned(table, signals, fit=fit, test=test)

    table.right[test] = 1 - table.right[test]
    try:
        again = learned(table, signals, fit=fit, test=test)
    finally:
        table.right[test] = 1 - table.right[test]

    assert (again.expected == found.expected).all()
    assert (again.category == found.category).all()
    assert again.figures() == found.figures()


async def test_the_arms_answer_through_real_programs(table, signals, rows, tmp_path):
    path = tmp_path / "answers.parquet"
    parquet.write_table(pa.Table.from_pylist(rows), path)

    [tried] = await tried_on(table, signals, path, seeds=[0])

    right = {arm: own.mean() for arm, own in tried.right.items()}
    assert right[RANDOM] < right[SINGLE] < right[ROUTED] <= right[ORACLE]
    assert {tried.calls[arm] for arm in (VOTE, WEIGHED, ROUTED)} == {5.0}
    assert tried.calls[POSTERIOR] <= tried.learned.top_k


async def test_a_vote_is_what_its_ballots_say(table, signals, rows, tmp_path):
    path = tmp_path / "answers.parquet"
    parquet.write_table(pa.Table.from_pylist(rows), path)

    [tried] = await tried_on(table, signals, path, seeds=[0])

    voters = np.argsort(-tried.learned.overall, kind="stable")[:5]
    for row, is_right in zip(tried.rows, tried.right[VOTE], strict=True):
        ballots = table.answers[row, voters].tolist()
        most = max(ballots, key=lambda one: (ballots.count(one), -ballots.index(one)))
        assert is_right == (most == table.gold[row])


async def test_every_bar_is_decided_by_what_was_tried(table, signals, rows, tmp_path):
    path = tmp_path / "answers.parquet"
    parquet.write_table(pa.Table.from_pylist(rows), path)

    outcome = outcome_of(await tried_on(table, signals, path, seeds=[0, 1]))

    assert set(outcome.values) == {target.name for target in RECORDED_TARGETS}
    assert len(outcome.figures["by_draw"][VOTE]) == 2


def test_pairs_are_of_one_question_each():
    prompts = ["Which?\nA. Gold\nB. Iron\nC. Neon", "Open?", "Twice?\nA. x\nB. X"]

    different, same = pairs_of(prompts)

    [(one, other)] = different
    assert {one, other} < {"gold", "iron", "neon"}
    assert same[0][0] == one
    assert one in same[0][1]


def test_shares_of_joined_pairs_come_with_intervals():
    found = meaning_figures(["Which?\nA. red\nB. blue"], embedding())

    own = found["similarity 0.9"]
    assert own["same joined, low"] <= own["same joined, %"] <= own["same joined, high"]
