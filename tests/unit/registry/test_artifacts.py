"""Folders of weights and of fitted routers."""

import pytest

from orchestrator.checkpoints.sources import Wanted
from orchestrator.errors import WeightsError
from orchestrator.registry.artifacts import content_findings, recording_findings, router_findings
from orchestrator.registry.engine_entry import ReplayEngine
from orchestrator.registry.origins import named_findings
from orchestrator.registry.surroundings import Surroundings
from orchestrator.registry.weights import weights_at
from tests.recordings import write_recordings
from tests.registries import write_model, write_router


def reasons(findings):
    return [finding.reason for finding in findings]


def of_model(folder, model="m", **environ):
    where = Surroundings(folder=folder, environ={"HF_HOME": str(folder), **environ})
    one = Wanted(expert_id="a", source=model)
    return [*named_findings(one, ("model",), where), *content_findings(one, ("model",), where)]


def of_recording(folder, **fields):
    engine = ReplayEngine(**({"kind": "replay", "answers": "a.parquet", "model": "small"} | fields))
    return list(recording_findings(engine, ("engine",), Surroundings(folder=folder)))


def test_a_file_of_recorded_answers_is_sound(tmp_path):
    write_recordings(tmp_path / "a.parquet")

    assert of_recording(tmp_path) == []


def test_a_file_of_recorded_answers_is_read_before_it_is_served(tmp_path):
    write_recordings(tmp_path / "a.parquet", {"model": ["small"], "prompt": ["p"]})

    (finding,) = of_recording(tmp_path)

    assert finding.path == ("engine", "answers")
    assert "has no column ['answer']" in finding.reason


@pytest.mark.parametrize("answers", ["none.parquet", "~nobody/a", "a\0b"])
def test_a_file_of_recorded_answers_must_be_there(tmp_path, answers):
    (finding,) = of_recording(tmp_path, answers=answers)

    assert "does not exist" in finding.reason or "no readable" in finding.reason


def test_a_folder_of_safetensors_is_sound(tmp_path):
    write_model(tmp_path / "m")

    assert of_model(tmp_path) == []


def test_a_folder_that_is_not_there_is_a_fault(tmp_path):
    (finding,) = of_model(tmp_path, "some/where/else")

    assert finding.reason == (
        f"is no folder in {str(tmp_path)!r} and no Hugging Face id (org/name) or URL"
    )


def test_a_folder_without_config_is_a_fault(tmp_path):
    (write_model(tmp_path / "m") / "config.json").unlink()

    assert reasons(of_model(tmp_path)) == ["has no config.json; is it a model's folder?"]


def test_a_folder_without_weights_is_a_fault(tmp_path):
    (write_model(tmp_path / "m") / "model.safetensors").unlink()

    assert reasons(of_model(tmp_path)) == [
        "has no *.safetensors; are the weights still to be copied?"
    ]


def test_pickled_weights_are_refused(tmp_path):
    (write_model(tmp_path / "m") / "model.safetensors").rename(tmp_path / "m/pytorch_model.bin")

    assert reasons(of_model(tmp_path)) == [
        (
            "has its weights as pickle (pytorch_model.bin), which can run code when loaded; "
            "convert them to safetensors"
        )
    ]


def test_weights_that_were_cut_short_are_a_fault(tmp_path):
    path = write_model(tmp_path / "m", num_bytes=64) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-24])

    assert reasons(of_model(tmp_path)) == [
        f"has damaged weights: {path} is truncated: tensor 'lm_head.weight' ends at byte 64 of 40"
    ]


@pytest.mark.parametrize("content", [b"", b"\xff" * 9, b"\x02" + b"\0" * 7 + b"[]"])
def test_weights_without_a_header_are_a_fault(tmp_path, content):
    path = write_model(tmp_path / "m") / "model.safetensors"
    path.write_bytes(content)

    (reason,) = reasons(of_model(tmp_path))

    assert reason.startswith(f"has damaged weights: {path} is ")
    assert "safetensors" in reason


@pytest.mark.parametrize("model", ["x" * 5000, "a\0b", "~nobody/x/y", "/"])
def test_a_name_no_folder_can_have_is_a_fault(tmp_path, model):
    (finding,) = of_model(tmp_path, model)

    assert not finding.is_warning


def test_a_hugging_face_id_is_a_note(tmp_path):
    (finding,) = of_model(tmp_path, "org/name", HF_HOME=str(tmp_path))

    assert finding.is_warning
    assert "taken as a Hugging Face id" in finding.reason


def test_offline_an_id_must_be_in_the_local_cache(tmp_path):
    missing = of_model(tmp_path, "org/name", HF_HOME=str(tmp_path), HF_HUB_OFFLINE="1")
    write_model(tmp_path / "hub/models--org--name/snapshots/abc")

    cached = of_model(tmp_path, "org/name", HF_HOME=str(tmp_path), HF_HUB_OFFLINE="1")

    assert [finding.is_warning for finding in missing] == [False]
    assert cached == []


def test_a_router_needs_its_manifest(tmp_path):
    where = Surroundings(folder=tmp_path)
    (tmp_path / "empty").mkdir()
    write_router(tmp_path / "whole")

    found = {
        name: reasons(router_findings("category", name, (), where))
        for name in ("none", "empty", "whole")
    }

    assert found == {
        "none": [f"is no folder in {str(tmp_path)!r}; write it with `orchestrator fit category`"],
        "empty": ["has no manifest.json; write it with `orchestrator fit category`"],
        "whole": [],
    }


def test_a_router_that_holds_a_pickle_is_refused(tmp_path):
    (write_router(tmp_path / "r") / "head.joblib").touch()

    (finding,) = router_findings("category", "r", (), Surroundings(folder=tmp_path))

    assert "holds a pickle (head.joblib)" in finding.reason


def test_weights_that_changed_are_read_again(tmp_path):
    folder = write_model(tmp_path / "model", num_bytes=64)
    before = weights_at(folder)
    with (folder / "model.safetensors").open("r+b") as stream:
        stream.truncate(40)

    assert before.bytes_by_type == {"F16": 64}
    with pytest.raises(WeightsError, match="truncated"):
        weights_at(folder)


def test_a_folder_that_appears_during_a_check_is_found(tmp_path):
    where = Surroundings(folder=tmp_path)
    before = where.folder_at("late")
    (tmp_path / "late").mkdir()

    assert (before, where.folder_at("late")) == (None, tmp_path / "late")
