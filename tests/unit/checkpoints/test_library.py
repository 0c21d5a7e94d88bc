"""Where fetched models are kept, and what of the hub's own cache is used."""

import json
from pathlib import Path

import pytest

from orchestrator.checkpoints.hub_cache import HubCache
from orchestrator.checkpoints.library import Library
from orchestrator.errors import SetupError
from orchestrator.service.settings import read
from tests.registries import write_model

COMMIT = "a" * 40


@pytest.mark.parametrize("text", ["0", "-1", "plenty", "inf", "nan"])
def test_a_budget_of_no_sense_is_refused(text):
    with pytest.raises(SetupError, match="ORCHESTRATOR_MODELS_BUDGET_GIB is"):
        Library.of({"ORCHESTRATOR_MODELS_BUDGET_GIB": text})


def test_a_folder_that_cannot_be_is_refused():
    with pytest.raises(SetupError, match="is no folder models can be kept in"):
        Library.of({"ORCHESTRATOR_MODELS_DIR": "~nobody-at-all/models"})


def test_settings_are_read_from_the_environment(tmp_path):
    library = Library.of(
        {
            "ORCHESTRATOR_MODELS_DIR": str(tmp_path),
            "ORCHESTRATOR_MODELS_BUDGET_GIB": "0.5",
            "ORCHESTRATOR_MODEL_ROOTS": "/one:/two",
            "ORCHESTRATOR_OFFLINE": "yes",
            "HF_ENDPOINT": "http://hub",
        }
    )

    assert library.folder == tmp_path
    assert library.budget_bytes == 2**29
    assert library.roots == (Path("/one"), Path("/two"))
    assert library.is_offline
    assert library.hub_url == "http://hub"


def test_the_service_knows_every_setting_of_the_library():
    names = ("MODELS_DIR", "MODELS_BUDGET_GIB", "MODEL_ROOTS", "OFFLINE")

    settings = read({f"ORCHESTRATOR_{name}": "1" for name in names})

    assert (settings.models_budget_gib, settings.offline) == (1.0, True)


def test_nothing_said_it_is_the_users_cache():
    assert Library.of({"XDG_CACHE_HOME": "/cache"}).folder == Path("/cache/orchestrator/models")


def test_revisions_and_sources_have_entries_of_their_own_that_people_can_read(library):
    entries = [
        library.entry("org/name", None),
        library.entry("org/name", "v1"),
        library.entry("org--name", None),
        library.entry("https://me:secret@host/a/b?key=1", None),
    ]

    assert len(set(entries)) == 4
    assert entries[0].name.startswith("org--name-")
    assert entries[3].name.startswith("https--host--a--b-")


@pytest.fixture
def cache(tmp_path) -> HubCache:
    return HubCache.of({"HF_HOME": str(tmp_path)})


def write_snapshot(cache, commit=COMMIT):
    model = cache.folder / "models--org--name"
    (model / "refs").mkdir(parents=True, exist_ok=True)
    (model / "refs/main").write_text(commit)
    return write_model(model / "snapshots" / commit)


@pytest.mark.parametrize("revision", [None, "main", COMMIT])
def test_a_snapshot_is_found_by_commit_and_branch(cache, revision):
    snapshot = write_snapshot(cache)

    assert cache.snapshot("org/name", revision) == snapshot


@pytest.mark.parametrize("revision", ["v9", "b" * 40, "../../../etc/passwd", "a\0b", ""])
def test_another_revision_is_not_there(cache, revision):
    write_snapshot(cache)

    assert cache.snapshot("org/name", revision) is None


def test_a_snapshot_that_lacks_a_shard_is_not_whole(cache):
    snapshot = write_snapshot(cache)
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (snapshot / "model.safetensors.index.json").write_text(json.dumps(index))

    assert cache.snapshot("org/name", None) is None


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_snapshot_of_some_other_program_is_not_whole(cache, name):
    (write_snapshot(cache) / name).unlink()

    assert cache.snapshot("org/name", None) is None
