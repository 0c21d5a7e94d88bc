"""Questions and outcomes from files, and what is refused of them."""

import math

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from routers.base import RouterError
from routers.dataset_files import read_answered, read_examples, read_outcomes, read_texts
from tests.unit.routers.small import write_lines

ONE = {"id": "q1", "prompt": "one"}
RIGHT = {"id": "q1", "expert": "math", "score": 1}


def refused(read, path):
    with pytest.raises(RouterError) as told:
        read([path])
    return str(told.value)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        pytest.param({"promt": "two"}, "q:2: has no 'prompt' or 'question'; it has", id="none"),
        pytest.param({"promt": "two"}, "; is 'promt' meant?", id="nearest"),
        pytest.param({"prompt": None}, "q:2: prompt is empty", id="null"),
        pytest.param({"prompt": " \n"}, "is blank", id="blank"),
        pytest.param({"id": "q1", "prompt": "two"}, "id 'q1' stands at q:1 already", id="twice"),
        pytest.param({"id": "q1", "prompt": "one"}, "question stands at q:1 already", id="again"),
        pytest.param({"id": "", "prompt": "two"}, "q:2: id '': ", id="no id"),
        pytest.param({"prompt": "a\ud800"}, "holds half a character at 2", id="surrogate"),
        pytest.param({"prompt": "two", "grader": "essay"}, "q:2: grader 'essay': ", id="grader"),
        pytest.param({"prompt": "two", "skills": 3}, "q:2: skills 3: ", id="skills"),
        pytest.param({"prompt": "two", "options": ["x"] * 27}, "q:2: options ", id="letters"),
    ],
)
def test_a_bad_question_is_named_with_its_row(tmp_path, row, fault):
    path = write_lines(tmp_path / "q", ONE, row)

    assert fault in refused(read_examples, path)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        pytest.param({"id": "q2", "expert": "math"}, "q:2: has no 'score'; it has", id="score"),
        pytest.param(RIGHT | {"id": "q2", "score": math.nan}, "q:2: score nan: ", id="NaN"),
        pytest.param(RIGHT | {"id": "q2", "score": 2}, "q:2: score 2: ", id="over 1"),
        pytest.param(RIGHT | {"id": "q2", "score": -0.1}, "q:2: score -0.1: ", id="under 0"),
        pytest.param(RIGHT | {"id": "q2", "score": "good"}, "q:2: score 'good': ", id="word"),
        pytest.param(RIGHT | {"id": "q2", "tokens": -1}, "q:2: tokens -1: ", id="tokens"),
        pytest.param(RIGHT | {"id": "q2", "seconds": math.inf}, "q:2: seconds inf: ", id="time"),
        pytest.param(RIGHT, "expert 'math' answers 'q1' at q:1 already", id="twice"),
        pytest.param(
            RIGHT | {"id": "q2", "version": "v2"},
            "q:2: expert 'math' is version 'v2', at q:1 ''",
            id="version",
        ),
        pytest.param(
            RIGHT | {"id": "q2", "expert": "code", "asked": "hot"},
            "q:2: was asked by 'hot', q:1 by ''",
            id="asked",
        ),
    ],
)
def test_a_bad_outcome_is_named_with_its_row(tmp_path, row, fault):
    path = write_lines(tmp_path / "q", RIGHT, row)

    assert fault in refused(read_outcomes, path)


def test_outcomes_of_questions_and_experts_that_are_not_there_are_refused(tmp_path):
    examples = read_examples([write_lines(tmp_path / "q", ONE)])
    path = write_lines(tmp_path / "o", RIGHT | {"id": "q9"}, RIGHT | {"expert": "mth"})

    with pytest.raises(RouterError, match=r"(?s)o:1: id 'q9' is of no.*'mth'.*mean 'math'"):
        read_outcomes([path], examples=examples, experts=["code", "math"])


@pytest.mark.parametrize("read", [read_examples, read_outcomes])
def test_an_empty_file_is_refused(tmp_path, read):
    assert "holds no" in refused(read, write_lines(tmp_path / "q"))


def test_a_column_for_something_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(RouterError, match=r"no 'solution' to take .*'gold'"):
        read_examples([write_lines(tmp_path / "q", ONE)], columns={"solution": "x"})


def test_a_question_keeps_all_that_its_row_says(tmp_path):
    row = {
        "id": 7, "question": "What?", "skill": "sums", "skills": ["sums", "units"], "answer": 12,
        "accept": ["twelve"], "grader": "number", "split": "test", "frame": "W?", "kind": "plain",
    }  # fmt: skip

    (found,) = read_examples([write_lines(tmp_path / "q", row)])

    assert (found.id, found.prompt, found.gold, found.accepted) == ("7", "What?", "12", ("twelve",))
    assert (found.category, found.skills) == ("sums", ("sums", "units"))
    assert (found.grader, found.split, found.group) == ("number", "test", "W?")
    assert (found.kind, found.row, found.place) == ("plain", 1, "q:1")


def test_a_question_without_id_is_known_by_its_words(tmp_path):
    first = read_examples([write_lines(tmp_path / "q", {"prompt": "a"}, {"prompt": "b"})])
    other = read_examples([write_lines(tmp_path / "p", {"prompt": "b"}, {"prompt": "a"})])

    assert {one.id for one in first} == {one.id for one in other}
    assert len({one.id for one in first}) == 2


@pytest.mark.parametrize(
    ("cells", "gold", "accepted"),
    [
        ({"answer": True}, "true", ()),
        ({"answer": ["Paris", "paris"]}, "Paris", ("paris",)),
        ({"answer": [3, 1], "grader": "set"}, "[3, 1]", ()),
        ({"answer": {"a": 1}, "grader": "json"}, '{"a": 1}', ()),
        ({"answer": 1, "choices": ["x", "y"]}, "B", ()),
        ({"answer": "A", "choices": ["x", "y"]}, "A", ()),
        ({"answer": ""}, None, ()),
    ],
)
def test_right_answers_are_read_as_data_sets_write_them(tmp_path, cells, gold, accepted):
    (found,) = read_examples([write_lines(tmp_path / "q", ONE | cells)])

    assert (found.gold, found.accepted) == (gold, accepted)


def test_options_are_part_of_the_question(tmp_path):
    (found,) = read_examples([write_lines(tmp_path / "q", ONE | {"options": ["x", "y"]})])

    assert found.prompt == "one\nA. x\nB. y"


def test_cells_of_csv_hold_several_names_parted_by_semicolons(tmp_path):
    path = tmp_path / "q.csv"
    path.write_text("prompt,skills,answer\none,sums; units,7\ntwo,,8\n")

    first, second = read_examples([path])

    assert (first.skills, first.gold) == (("sums", "units"), "7")
    assert second.skills == ()


def test_a_table_of_outcomes_with_prompts_is_a_file_of_questions_too(tmp_path):
    columns = {"prompt_id": ["q1", "q1", "q2"], "prompt": ["one", "one", "two"]}
    columns |= {"model": ["a", "b", "a"], "score": [1, 0, 1], "answer": ["A", "B", "C"]}
    path = tmp_path / "answers.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), path)

    table = read_answered([path], [path])

    assert [one.prompt for one in table.examples] == ["one", "two"]
    assert table.examples[0].gold is None
    np.testing.assert_equal(table.scores, [[1, 0], [1, np.nan]])


def test_a_table_of_outcomes_may_not_change_a_question(tmp_path):
    path = write_lines(
        tmp_path / "q", ONE | RIGHT, ONE | RIGHT | {"expert": "b", "prompt": "other"}
    )

    assert "id 'q1' stands at q:1 already" in refused(read_examples, path)


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_question_may_be_huge_and_of_any_script(tmp_path, form):
    huge, path = "ж\x00\n漢🙂 " * 150_000, tmp_path / f"q.{form}"
    if form == "jsonl":
        write_lines(path, {"prompt": huge})
    elif form == "csv":
        path.write_text(f'prompt\n"{huge}"\n', encoding="utf-8", newline="")
    else:
        pyarrow.parquet.write_table(pyarrow.table({"prompt": [huge]}), path)

    assert read_examples([path])[0].prompt == huge


def test_only_what_was_asked_of_a_split_is_told(tmp_path):
    questions = write_lines(
        tmp_path / "q",
        ONE | {"split": "a"},
        {"id": "q2", "prompt": "two", "split": "b"},
        {"id": "q3", "prompt": "three", "split": "a"},
    )
    outcomes = write_lines(tmp_path / "o", RIGHT, RIGHT | {"id": "q2"})

    assert [one.id for one in read_answered([questions], [outcomes], split="a").examples] == ["q1"]
    with pytest.raises(RouterError, match=r"split 'c' has no question; there are \['a', 'b'\]"):
        read_answered([questions], [outcomes], split="c")


def test_nobody_asked_of_a_split_is_refused(tmp_path):
    questions = write_lines(
        tmp_path / "q", ONE | {"split": "a"}, {"id": "q2", "prompt": "two", "split": "b"}
    )
    outcomes = write_lines(tmp_path / "o", RIGHT)

    with pytest.raises(RouterError, match="says nothing of split 'b'"):
        read_answered([questions], [outcomes], split="b")


def test_words_of_traffic_are_read_once_each_whatever_their_labels_are(tmp_path):
    rows = [
        {"prompt": "a", "category": 7, "score": math.nan},
        {"prompt": "b", "id": "1"},
        {"prompt": "a", "id": "1"},
    ]

    assert read_texts([write_lines(tmp_path / "t", *rows)]) == ("a", "b")


def test_traffic_without_words_is_told_by_row(tmp_path):
    path = write_lines(tmp_path / "t", {"prompt": "a"}, {"prompt": " "}, {"text": "c"})

    with pytest.raises(RouterError, match=r"(?s)t:2.*t:3"):
        read_texts([path])
