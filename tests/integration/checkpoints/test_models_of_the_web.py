"""A model that is a folder of plain files on a web server."""

import json
from dataclasses import replace

import pytest

from orchestrator.checkpoints.sources import Wanted
from orchestrator.errors import ModelError, TransferError, WeightsError

INDEX = "model.safetensors.index.json"


@pytest.fixture
def wanted(hub, model):
    """The model under `/models/a`, in two shards."""
    index = {"weight_map": {"lm_head.weight": "model-00001-of-00001.safetensors"}}
    files = {
        "models/a/config.json": model["config.json"],
        "models/a/model-00001-of-00001.safetensors": model["model.safetensors"],
        f"models/a/{INDEX}": json.dumps(index).encode(),
    }
    hub.put("web", files)
    return Wanted(expert_id="maths", source=f"{hub.url}/models/a")


def test_a_folder_without_a_model_is_refused(librarian, wanted, hub):
    with pytest.raises(ModelError, match=r"/lost has no file that a model has"):
        librarian.bring(Wanted(expert_id="maths", source=f"{hub.url}/lost"))


def test_an_index_that_is_none_is_refused(librarian, wanted, hub):
    hub.models["web"]["c" * 40][f"models/a/{INDEX}"] = b"[]"

    with pytest.raises(ModelError, match="is no index of safetensors files"):
        librarian.bring(wanted)


def test_a_server_that_is_away_is_named_without_its_credentials(librarian):
    with pytest.raises(TransferError, match=r"^http://127\.0\.0\.1:9/a/model\S+ stopped answering"):
        librarian.bring(Wanted(expert_id="maths", source="http://me:secret@127.0.0.1:9/a"))


def test_a_hash_that_only_the_registry_gives_does_not_fetch_again_and_again(
    librarian, wanted, hub, model
):
    shard = "model-00001-of-00001.safetensors"
    doubted = replace(wanted, sha256={shard: "0" * 64})

    for _ in range(2):
        with pytest.raises(WeightsError, match=r"if the registry is right, remove \S+ to have it"):
            librarian.bring(doubted)

    assert hub.num_bytes_sent[f"models/a/{shard}"] == len(model["model.safetensors"])


def test_the_shards_that_the_index_names_are_fetched(librarian, wanted, names_in):
    folder = librarian.bring(wanted)

    assert names_in(folder) == {"config.json", INDEX, "model-00001-of-00001.safetensors"}
    assert librarian.library.snapshot(wanted.source, None) == folder


def test_a_broken_transfer_goes_on_where_it_ended(librarian, wanted, hub, model):
    name = "models/a/model-00001-of-00001.safetensors"
    hub.breaks[name] = [123_456]

    librarian.bring(wanted)

    assert hub.num_bytes_sent[name] == len(model["model.safetensors"])
