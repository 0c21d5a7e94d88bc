import json

import pytest

import orchestrator
from orchestrator.errors import SetupError
from orchestrator.service.data_folder import FORMAT, NAME, claim


def test_a_new_folder_is_made_and_marked(tmp_path):
    claim(tmp_path / "data")

    told = json.loads((tmp_path / "data" / NAME).read_text())
    assert (told["format"], told["version"]) == (FORMAT, orchestrator.__version__)


def test_data_from_before_there_was_a_mark_is_taken_as_it_is(tmp_path):
    (tmp_path / "costs").mkdir()

    claim(tmp_path)

    assert sorted(one.name for one in tmp_path.iterdir()) == ["costs", NAME]


def test_a_folder_of_an_older_version_is_marked_as_ours(tmp_path):
    (tmp_path / NAME).write_text('{"format": 1, "version": "0.0.1"}')

    claim(tmp_path)

    assert json.loads((tmp_path / NAME).read_text())["version"] == orchestrator.__version__


def test_data_of_a_newer_version_is_refused_and_left_alone(tmp_path):
    newer = json.dumps({"format": FORMAT + 1, "version": "9.1", "more": True})
    (tmp_path / NAME).write_text(newer)

    with pytest.raises(SetupError, match=rf"written by orchestrator 9.1 in format {FORMAT + 1}"):
        claim(tmp_path)

    assert (tmp_path / NAME).read_text() == newer
    assert [one.name for one in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("mark", ["", "[]", "{}", '{"format": "new"}'])
def test_a_damaged_mark_is_refused_with_what_to_do(tmp_path, mark):
    (tmp_path / NAME).write_text(mark)

    with pytest.raises(SetupError, match="restore it, or write"):
        claim(tmp_path)
