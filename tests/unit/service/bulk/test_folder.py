"""Folders by URL, those of this machine; S3 is in the integration tests."""

import pickle

import pytest

from orchestrator.errors import SetupError, StorageError
from orchestrator.service.bulk.folder import Folder


def test_what_is_written_is_read_listed_and_gone_once_deleted(tmp_path):
    folder = Folder(str(tmp_path))

    folder.write("a/b.json", b"one")
    folder.write("a/b.json", b"two")

    assert folder.read("a/b.json") == b"two"
    assert [(one.path, one.num_bytes) for one in folder.entries()] == [("a/b.json", 3)]
    folder.delete("a/b.json")
    folder.delete("a/b.json")
    assert folder.entries() == []


def test_a_folder_that_is_not_there_has_no_files_and_can_be_removed(tmp_path):
    folder = Folder(str(tmp_path / "none"))

    folder.delete_below("more")

    assert folder.entries() == []
    assert not folder.has("a")


def test_a_file_that_cannot_be_written_leaves_nothing_and_names_itself(tmp_path):
    (tmp_path / "taken").write_text("a file, no folder")

    with pytest.raises(StorageError, match=r"taken/a\.json' cannot be written"):
        Folder(str(tmp_path)).write("taken/a.json", b"x")

    assert [one.path for one in Folder(str(tmp_path)).entries()] == ["taken"]


def test_a_file_that_is_not_there_is_told_with_its_name(tmp_path):
    with pytest.raises(StorageError, match=r"gone\.json' cannot be read"):
        Folder(str(tmp_path)).read("gone.json")


def test_it_travels_to_another_process_as_its_url(tmp_path):
    folder = pickle.loads(pickle.dumps(Folder(f"file://{tmp_path}")))
    folder.write("a", b"x")

    assert (tmp_path / "a").read_bytes() == b"x"


def test_folders_of_fsspec_are_folders_too():
    folder = Folder("memory://bulk-test")

    folder.write("a/b", b"x")

    assert folder.read("a/b") == b"x"
    assert [one.path for one in folder.entries()] == ["a/b"]


def test_a_protocol_that_nobody_knows_is_refused():
    with pytest.raises(SetupError, match="quux"):
        Folder("quux://bucket/path")


def test_a_file_that_nobody_finished_is_in_no_list(tmp_path):
    (tmp_path / ".partial").mkdir()
    (tmp_path / ".partial/0123").write_text("half")

    assert Folder(str(tmp_path)).entries() == []
