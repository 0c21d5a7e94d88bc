import numpy as np
import pytest

from bench.answer_table import VARIABLE, read_answers, table_of
from bench.process import BenchError
from bench.routing_answers import halves, measure
from bench.routing_arms import ONE_CALL, SINGLE
from bench.routing_embeddings import compared, signals_by_name
from tests.unit.routers.small import embedding


def small_table(num=160):
    """`m` solves sums, `f` French, the others guess; every third question is of `val`."""
    dice = np.random.default_rng(0)
    columns = ("prompt_id", "prompt", "category", "subject", "split", "gold", "model", "score")
    rows = {name: [] for name in (*columns, "answer")}
    for number in range(num):
        skill = ("sums", "french")[number % 2]
        for model in MODELS:
            is_right = dice.random() < (0.9 if (model, skill) in SOLVED else 0.3)
            answer = "A" if is_right else "B"
            split = "val" if number % 3 == 0 else "open"
            cells = (number, f"{skill}?", skill, skill, split, "A", model, int(is_right), answer)
            for name, cell in zip(rows, cells, strict=True):
                rows[name].append(cell)
    return table_of(rows)


MODELS = ("m", "f", "g", "h", "i", "j")
SOLVED = {("m", "sums"), ("f", "french")}


def test_answers_that_are_not_named_say_what_to_set(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)

    with pytest.raises(BenchError, match=f"{VARIABLE} is not set"):
        read_answers()


def test_a_folder_without_answers_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    with pytest.raises(BenchError, match=r"mmlu_pro_answers\.parquet' is not there"):
        read_answers()


def test_a_broken_file_is_named(monkeypatch, tmp_path):
    (tmp_path / "mmlu_pro_answers.parquet").write_bytes(b"PAR1 no parquet")
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    with pytest.raises(BenchError, match="cannot be read as recorded answers"):
        read_answers()


def test_models_that_missed_questions_are_refused():
    table = small_table()
    table.right[0, 0] = np.nan

    with pytest.raises(BenchError, match="missed questions"):
        table.of(table.models)
    with pytest.raises(BenchError, match=r"no models \['x'\]"):
        table.of(["x"])


def test_halves_share_no_question_and_split_every_category():
    table = small_table()

    fit, test = halves(table, seed=0)

    assert set(fit).isdisjoint(test)
    assert {table.splits[i] for i in (*fit, *test)} == {"open"}
    sums = [sum(table.categories[i] == "sums" for i in rows) for rows in (fit, test)]
    assert abs(sums[0] - sums[1]) <= 1


def test_every_arm_is_measured_and_routing_beats_one_model():
    table = small_table()
    skills = np.array([[name == "sums", name == "french"] for name in table.categories], float)

    found = measure(
        table.of(MODELS), {"skills": skills}, [halves(table, seed=0)], embedder=embedding()
    )

    assert found.right[SINGLE].mean < 75 < found.right[ONE_CALL].mean
    assert found.right["oracle"].mean >= max(one.mean for one in found.right.values())
    assert found.calls[ONE_CALL] == 1


def test_two_embedders_are_measured_on_the_same_questions():
    table = small_table()
    embedders = {"one": embedding(), "other": embedding()}
    signals = signals_by_name(table, embedders)

    found = compared(table.of(MODELS), signals, [halves(table, seed=0)], embedders=embedders)

    assert found["one call, one alone"] == found["one call, other alone"]
    assert found["best single"].mean < found["one call, skills and looks"].mean
    assert "symbolic-moe top_k, 3 and vote, nearest by other" in found
