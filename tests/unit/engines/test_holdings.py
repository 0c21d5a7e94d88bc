"""What a machine holds of experts, lineage by lineage."""

import hashlib
from dataclasses import asdict

import pytest

from orchestrator.checkpoints.librarian import Librarian
from orchestrator.checkpoints.library import Library
from orchestrator.checkpoints.sources import Wanted
from orchestrator.engines.canary import Canary, Conditions, store_canary
from orchestrator.engines.holdings import holdings
from orchestrator.registry.models import Expert
from orchestrator.registry.weights import read_checkpoint
from tests.unit.engines.checkpoints import write_model

HERE = Conditions(vllm="0.32.0", dtype="float32", device="cpu")
CANARY = Canary(conditions=HERE, prompt_token_ids=(1,), token_ids=(2,), logprobs=(-0.5,))


@pytest.fixture
def library(tmp_path):
    return Library.of({"ORCHESTRATOR_MODELS_DIR": str(tmp_path / "library")})


def expert(tmp_path, name, **keys):
    return Expert(id=name, model=str(tmp_path / name), **keys)


def test_an_expert_that_is_not_here_is_absent_and_alone(tmp_path, library):
    (found,) = holdings([Expert(id="hub", model="org/lost", revision="v1")], tmp_path, library)

    assert (found.state, found.role, found.num_bytes) == ("absent", "alone", 0)
    assert found.revision == "v1"


def test_siblings_and_others_are_told_apart(tmp_path, library):
    write_model(tmp_path / "a")
    write_model(tmp_path / "b")
    write_model(tmp_path / "c", rope_theta=1.0)

    found = holdings([expert(tmp_path, name) for name in "acb"], tmp_path, library)

    assert [(one.expert_id, one.role) for one in found] == [
        ("a", "sibling"),
        ("b", "sibling"),
        ("c", "alone"),
    ]
    assert found[0].lineage == found[1].lineage != found[2].lineage


def test_a_canary_that_cannot_be_read_is_none(tmp_path, library):
    store_canary(write_model(tmp_path / "a"), CANARY)
    (write_model(tmp_path / "b") / "canary.json").write_text("{")

    found = holdings([expert(tmp_path, name) for name in "ab"], tmp_path, library)

    assert [one.has_canary for one in found] == [True, False]


def test_a_folder_that_was_hashed_is_verified_until_it_is_touched(tmp_path, library):
    folder = write_model(tmp_path / "a")
    right = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    hashes = {"model.safetensors": right}
    experts = [expert(tmp_path, "a", sha256=hashes)]
    before = holdings(experts, tmp_path, library)
    wanted = Wanted(expert_id="a", source=str(folder), sha256=hashes)
    Librarian(library=library, inspect=read_checkpoint).bring(wanted)

    after = holdings(experts, tmp_path, library)
    (folder / "model.safetensors").touch()

    assert [one.state for one in (*before, *after)] == ["local", "verified"]
    assert holdings(experts, tmp_path, library)[0].state == "local"
    assert asdict(after[0])["num_bytes"] > 0
