"""`orchestrator models` as the person at the terminal meets it, on a hub that is here."""

import json
from pathlib import Path

import pytest
from filelock import FileLock

from orchestrator.cli.main import main
from orchestrator.engines.canary import Canary, Conditions
from orchestrator.engines.notes import Notebook
from orchestrator.engines.weights import fingerprint
from tests.unit.engines.checkpoints import write_model

WEIGHTS = "model.safetensors"
REGISTRY = """\
version: 1
experts:
  - {id: maths, model: org/maths, engine: {kind: vllm, kv_cache_gib: 0.1}}
  - {id: french, model: org/french, engine: {kind: vllm, kv_cache_gib: 0.1}}
  - {id: own, model: own, engine: {kind: vllm, kv_cache_gib: 0.1}}
  - {id: echo, engine: {kind: fake, says: hello}}
slots:
  - {name: local, memory_gib: 8}
"""
HERE = Conditions(vllm="0.32.0", dtype="float32", device="cpu")


@pytest.fixture
def registry(tmp_path, hub, environ, monkeypatch):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    for name in ("maths", "french"):
        folder = write_model(tmp_path / "upstream" / name)
        hub.put(f"org/{name}", {path.name: path.read_bytes() for path in folder.iterdir()})
    write_model(tmp_path / "own", rope_theta=1.0)
    path = tmp_path / "experts.yaml"
    path.write_text(REGISTRY)
    return path


@pytest.fixture
def run(capsys, registry):
    def command(*args):
        with pytest.raises(SystemExit) as caught:
            main(["models", *args, "--registry", str(registry)])
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return command


@pytest.fixture
def listed(run):
    def rows():
        code, out, _ = run("list", "--json")
        assert code == 0
        return {row["expert_id"]: row for row in json.loads(out)}

    return rows


def test_an_unknown_expert_names_the_nearest(run):
    code, _, err = run("pull", "math")

    assert code == 1
    assert "'math' is no expert with weights" in err
    assert "did you mean 'maths'?" in err


@pytest.mark.parametrize("args", [(), ("maths", "--all")])
def test_a_pull_of_nobody_or_of_some_and_all_is_refused(run, args):
    code, _, err = run("pull", *args)

    assert code == 2
    assert "name experts, or give --all" in err


def test_one_model_that_cannot_be_had_does_not_keep_the_others_away(run, hub, listed):
    hub.gated.add("org/maths")

    code, out, err = run("pull", "--all")

    assert code == 1
    assert "model 'org/maths' is gated" in err
    assert out == "2 of 3 models are here and verified\n"
    assert {id_: row["state"] for id_, row in listed().items()} == {
        "maths": "absent",
        "french": "verified",
        "own": "local",
    }


def test_siblings_of_a_hub_are_listed_together_with_what_was_learnt(run, listed, environ):
    assert run("pull", "--all")[0] == 0
    folder = environ["ORCHESTRATOR_MODELS_DIR"]
    rows = listed()
    weights = fingerprint(next(iter(_folders(folder, "maths"))))
    notebook = Notebook(_notes(folder))
    notebook.add_load(weights, "start", conditions=HERE, seconds=12.5)
    canary = Canary(conditions=HERE, prompt_token_ids=(1,), token_ids=(2,), logprobs=(-1.0,))
    notebook.add_canary(weights, canary)

    maths, french, own = (listed()[id_] for id_ in ("maths", "french", "own"))

    assert maths["lineage"] == french["lineage"] != own["lineage"]
    assert [maths["role"], own["role"]] == ["sibling", "alone"]
    assert maths["revision"] == "c" * 40
    assert (maths["load_s"], maths["has_canary"]) == ({"start": 12.5}, True)
    assert rows["maths"]["has_canary"] is False


def _folders(library, name):
    return Path(library).glob(f"org--{name}-*/files")


def _notes(library):
    return Path(library) / "notes"


def test_the_table_has_a_row_an_expert(run):
    run("pull", "maths")

    code, out, _ = run("list")

    assert code == 0
    header, *rows = [line.split() for line in out.splitlines()]
    assert header[:5] == ["lineage", "expert", "state", "GiB", "revision"]
    assert rows[0][1:] == ["maths", "verified", "0.000", "c" * 12, "-", "-", "no"]
    assert [row[-7] for row in rows] == ["maths", "french", "own"]


def test_verifying_finds_the_one_byte_that_differs(run, environ):
    assert run("pull", "--all")[0] == 0
    (folder,) = _folders(environ["ORCHESTRATOR_MODELS_DIR"], "maths")
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[:-1] + b"\x01")

    code, out, err = run("verify")

    assert code == 1
    assert err.startswith("expert 'maths': org/maths: 'model.safetensors' hashes to ")
    assert "french: org/french at cccccccccccc: 2 files" in out
    assert out.endswith("2 of 3 models are sound\n")


def test_what_was_never_fetched_cannot_be_verified(run):
    code, _, err = run("verify", "maths")

    assert code == 1
    assert err == (
        "expert 'maths': org/maths is not on this machine; run `orchestrator models pull`\n"
    )


def test_what_no_expert_needs_is_removed_and_the_rest_stays(run, registry, listed, environ):
    run("pull", "--all")
    registry.write_text(REGISTRY.replace("org/french", "own"))
    library = environ["ORCHESTRATOR_MODELS_DIR"]

    tried = run("gc", "--dry-run")
    assert list(_folders(library, "french")) != []
    done = run("gc")

    assert "would remove org/french" in tried[1]
    assert "removed org/french" in done[1]
    assert list(_folders(library, "french")) == []
    assert listed()["maths"]["state"] == "verified"
    assert run("gc")[1] == "0.000 GiB are free\n"


def test_a_model_that_is_being_fetched_stays(run, registry, hub, environ):
    run("pull", "maths")
    registry.write_text(REGISTRY.replace("org/maths", "own"))
    (files,) = _folders(environ["ORCHESTRATOR_MODELS_DIR"], "maths")
    with FileLock(files.parent / "lock"):
        _, out, _ = run("gc")

    assert "org/maths: a process is at it now, it stays" in out
    assert files.is_dir()
