import pytest

from orchestrator.errors import RegistryError
from orchestrator.registry.recordings import read_recordings
from tests.recordings import ANSWERS, write_recordings


def read(tmp_path, **columns):
    path = write_recordings(tmp_path / "answers.parquet", ANSWERS | columns)
    return read_recordings(path, "small")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        pytest.param(
            {"answer": [1.0, 2.0, float("nan"), 4.0, 5.0]}, "'answer' holds double", id="NaN"
        ),
        pytest.param({"model": [1, 2, 3, 4, 5]}, "'model' holds int64, not text", id="numbers"),
        pytest.param(
            {"answer": ["a", None, "c", None, "e"]}, r"'answer' is null in row \[1, 3\]", id="null"
        ),
        pytest.param(
            {"prompt": ["p", None, "p", None, "p"]},
            r"'prompt' is null in row \[1, 3\]",
            id="prompt",
        ),
        pytest.param(
            {"model": [*ANSWERS["model"][:4], None]}, r"'model' is null in row \[4\]", id="model"
        ),
        pytest.param(
            {"model": ["large"] * 5},
            r"no answers of model 'small'; there: \['large'\]",
            id="nobody",
        ),
        pytest.param({"model": ["smal"] * 5}, r"nearest: \['smal'\]", id="misspelt"),
    ],
)
def test_a_faulty_file_is_refused_with_its_place(tmp_path, columns, message):
    with pytest.raises(RegistryError, match=message):
        read(tmp_path, **columns)


def test_many_faulty_rows_are_counted(tmp_path):
    columns = {"model": ["small"] * 9, "prompt": ["p"] * 9, "answer": [None] * 9}
    path = write_recordings(tmp_path / "answers.parquet", columns | {"answer": [None] * 8 + ["a"]})

    with pytest.raises(RegistryError, match=r"\[0, 1, 2, 3, 4\] and 3 more"):
        read_recordings(path, "small")


def test_a_missing_column_is_named_with_those_there(tmp_path):
    path = write_recordings(tmp_path / "answers.parquet", {"model": ["a"], "text": ["b"]})

    with pytest.raises(
        RegistryError, match=r"no column \['prompt', 'answer'\].*\['model', 'text'\]"
    ):
        read_recordings(path, "a")


def test_what_is_no_parquet_is_said_so(tmp_path):
    path = tmp_path / "answers.parquet"
    path.write_text("model,prompt,answer")

    with pytest.raises(RegistryError, match="no readable parquet"):
        read_recordings(path, "small")


def test_a_cut_file_is_said_so(tmp_path):
    path = write_recordings(tmp_path / "answers.parquet")
    path.write_bytes(path.read_bytes()[:100])

    with pytest.raises(RegistryError, match="no readable parquet"):
        read_recordings(path, "small")


@pytest.mark.parametrize("name", ["nothing.parquet", "a\0b", "."])
def test_what_is_no_file_is_said_so(tmp_path, name):
    with pytest.raises(RegistryError, match=r"does not exist|no readable"):
        read_recordings(tmp_path / name, "small")


def test_samples_of_a_prompt_keep_their_order(tmp_path):
    found = read(tmp_path)

    assert found.answers_to("1+1?") == ("two", "it is two", "2!")
    assert found.answers_to("3+3?") == ()
    assert len(found.samples) == 2


def test_rows_are_numbered_across_batches_and_row_groups(tmp_path):
    columns = {name: values * 10_000 for name, values in ANSWERS.items()}
    columns["answer"] = [*columns["answer"][:-1], None]
    path = write_recordings(tmp_path / "answers.parquet", columns, row_group_size=7_000)

    with pytest.raises(RegistryError, match=r"'answer' is null in row \[49999\]"):
        read_recordings(path, "small")


def test_answers_that_nobody_could_read_are_empty(tmp_path):
    answers = ["A", None, "B", None, "C"]

    found = read(tmp_path, answer=answers, output_chars=[1, 2, 3, 4, 5])

    assert found.answers_to("1+1?") == ("A", "", "C")
