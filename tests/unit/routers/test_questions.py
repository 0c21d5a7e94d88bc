import pytest

from routers.base import RouterError
from routers.questions import data_sha256, load_questions, load_unknown
from tests.unit.routers.small import write_lines


def test_a_question_keeps_its_frame_and_kind(tmp_path):
    path = write_lines(
        tmp_path / "q",
        {"skill": "a", "question": "x", "frame": "f", "kind": "decoy", "answer": "ignored"},
        {"skill": "b", "question": "y"},
    )

    first, second = load_questions([path])

    assert (first.frame, first.kind) == ("f", "decoy")
    assert (second.frame, second.kind) == ("y", "plain")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        pytest.param(
            {"skill": "a"},
            r"q:2: has no 'prompt' or 'question'; it has \['skill'\]",
            id="no question",
        ),
        pytest.param({"question": "y"}, "q:2: has no 'category' or 'skill'", id="no skill"),
        pytest.param(
            {"skill": " ", "question": "y"},
            "q:2: has no 'category' or 'skill', or it is",
            id="blank skill",
        ),
        pytest.param({"skill": "a", "question": " "}, r"q:2: prompt ' ': .*is blank", id="blank"),
        pytest.param({"skill": "a", "question": "x"}, "q:2: the question stands", id="duplicate"),
        pytest.param({"skill": "unknown", "question": "y"}, "go to the file", id="unknown"),
    ],
)
def test_a_bad_line_is_named(tmp_path, row, fault):
    path = write_lines(tmp_path / "q", {"skill": "a", "question": "x"}, row)

    with pytest.raises(RouterError, match=fault):
        load_questions([path])


def test_a_line_that_is_no_json_is_named(tmp_path):
    path = tmp_path / "q"
    path.write_text("{\n")

    with pytest.raises(RouterError, match="q:1: the line is no JSON"):
        load_questions([path])


def test_all_faults_are_counted_and_some_shown(tmp_path):
    path = write_lines(tmp_path / "q", *[{"skill": "a"}] * 30)

    with pytest.raises(RouterError, match=r"(?s)30 bad rows.*and 20 more"):
        load_questions([path])


@pytest.mark.parametrize("rows", [[], [{"skill": "a", "question": "x"}]], ids=["empty", "one"])
def test_too_few_categories_are_refused(tmp_path, rows):
    with pytest.raises(RouterError, match=r"holds no question|two categories"):
        load_questions([write_lines(tmp_path / "q", *rows)])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RouterError, match="absent"):
        load_questions([tmp_path / "absent"])


def test_unknown_questions_are_taken_by_split(tmp_path):
    path = write_lines(
        tmp_path / "u",
        {"question": "x", "split": "train"},
        {"question": "y", "split": "heldout"},
        {"question": "z"},
    )

    assert [it.text for it in load_unknown([path], split="train")] == ["x", "z"]


def test_the_hash_follows_labels(tmp_path):
    rows = [{"skill": "a", "question": "x"}, {"skill": "b", "question": "y"}]
    swapped = [rows[0] | {"skill": "b"}, rows[1] | {"skill": "a"}]

    first, second = (
        data_sha256(load_questions([write_lines(tmp_path / name, *given)]))
        for name, given in (("one", rows), ("two", swapped))
    )

    assert first != second
