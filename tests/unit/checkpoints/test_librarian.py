"""Bringing models from filesystems, and verifying the registry's own."""

import hashlib
from dataclasses import replace

import fsspec
import fsspec.implementations.memory
import pytest

from orchestrator.checkpoints.sources import Wanted
from orchestrator.errors import DiskFullError, ModelError, TransferError, WeightsError
from tests.registries import write_model

WEIGHTS = "model.safetensors"


def test_a_url_without_files_is_refused(librarian):
    with pytest.raises(ModelError, match=r"memory://lost/model holds no files: check the URL"):
        librarian.bring(Wanted(expert_id="a", source="memory://lost/model"))


def test_an_unknown_protocol_names_the_known_ones(librarian):
    with pytest.raises(ModelError, match=r"odd://x cannot be opened: Protocol not known: odd; pro"):
        librarian.bring(Wanted(expert_id="a", source="odd://x"))


def test_a_model_on_a_filesystem_is_fetched_once(librarian, library, in_memory):
    wanted = Wanted(expert_id="a", source=in_memory)

    folder = librarian.bring(wanted)

    fsspec.filesystem("memory").rm(f"{in_memory}/{WEIGHTS}")
    assert librarian.bring(wanted) == folder
    assert library.snapshot(in_memory, None) == folder
    assert (folder / WEIGHTS).stat().st_size > 4096


def test_a_fetch_that_was_given_up_goes_on_from_there(librarian, library, in_memory):
    wanted = Wanted(expert_id="a", source=in_memory)
    entry = library.entry(in_memory, None)
    told = iter([False, True])

    with pytest.raises(ModelError, match="was given up; what came of it is kept"):
        replace(librarian, is_cancelled=lambda: next(told, True)).bring(wanted)

    assert (entry / "files/config.json").is_file()
    assert librarian.bring(wanted) == entry / "files"


def test_a_disk_that_fills_up_is_not_taken_for_a_source_that_is_away(librarian, library, in_memory):
    growing = library.entry(in_memory, None) / f"files/{WEIGHTS}.partial"

    def fill(folder):
        growing.parent.mkdir(parents=True)
        growing.symlink_to("/dev/full")  # whatever is written there, the disk is full
        return 2**40

    with pytest.raises(DiskFullError, match=r"is full at 'model.safetensors'"):
        replace(librarian, free_bytes=fill).bring(Wanted(expert_id="a", source=in_memory))


class Breaking(fsspec.implementations.memory.MemoryFileSystem):
    """A filesystem whose errors are of no known kind."""

    protocol = "breaking"

    def find(self, path, **options):
        raise AttributeError("no such thing")


def test_an_error_of_a_filesystem_is_one_of_a_transfer_whatever_its_kind(librarian):
    fsspec.register_implementation("breaking", Breaking, clobber=True)

    with pytest.raises(TransferError, match=r"stopped answering: AttributeError: no such thing"):
        librarian.bring(Wanted(expert_id="a", source="breaking://a/m"))


def test_two_fetches_under_way_do_not_both_take_the_last_of_the_budget(
    librarian, library, in_memory, tmp_path
):
    small = replace(library, budget_bytes=6000)
    told = iter([False, True])
    stopped = replace(librarian, library=small, is_cancelled=lambda: next(told, True))
    with pytest.raises(ModelError, match="given up"):
        stopped.bring(Wanted(expert_id="a", source=in_memory))

    other = Wanted(expert_id="b", source=in_memory, revision="another")
    with pytest.raises(DiskFullError, match="the budget is"):
        replace(librarian, library=small).bring(other)


def test_a_manifest_that_is_none_is_named(librarian, library, in_memory):
    entry = library.entry(in_memory, None)
    entry.mkdir(parents=True)
    (entry / "manifest.json").write_text("{")

    with pytest.raises(ModelError, match=r"manifest\.json is no manifest of this version; delete"):
        librarian.bring(Wanted(expert_id="a", source=in_memory))
    assert library.snapshot(in_memory, None) is None


def test_a_library_that_cannot_be_written_says_which_setting_to_change(librarian, tmp_path):
    (tmp_path / "file").touch()
    elsewhere = replace(librarian.library, folder=tmp_path / "file/library")

    with pytest.raises(ModelError, match="set ORCHESTRATOR_MODELS_DIR to a folder"):
        replace(librarian, library=elsewhere).bring(Wanted(expert_id="a", source="org/model"))


def own(tmp_path, **keys):
    folder = write_model(tmp_path / "own")
    return folder, Wanted(expert_id="a", source=str(folder), **keys)


def test_a_folder_that_is_gone_is_named(librarian):
    with pytest.raises(ModelError, match=r"expert 'a': /not/there is no folder on this machine"):
        librarian.bring(Wanted(expert_id="a", source="/not/there"))


def test_a_folder_of_the_registry_must_hash_to_what_it_says_and_is_left_alone(tmp_path, librarian):
    folder, wanted = own(tmp_path, sha256={WEIGHTS: "0" * 64})

    with pytest.raises(WeightsError, match=r"the registry's `sha256` says 0000"):
        librarian.bring(wanted)
    assert (folder / WEIGHTS).is_file()


def test_a_folder_is_hashed_again_only_when_it_changed(tmp_path, librarian, library):
    folder = write_model(tmp_path / "own")
    right = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    wanted = Wanted(expert_id="a", source=str(folder), sha256={WEIGHTS: right})

    assert librarian.bring(wanted) == folder
    first = library.manifest(str(folder), None)
    assert librarian.bring(wanted) == folder
    assert library.manifest(str(folder), None) == first
    write_model(folder, dtype="F32")
    with pytest.raises(WeightsError):
        librarian.bring(wanted)


def test_a_folder_without_hashes_leaves_no_trace(tmp_path, librarian, library):
    _, wanted = own(tmp_path)

    assert librarian.verify(wanted) is None
    assert not library.folder.exists()
