"""A first registry from models on disk: grouped, commented, sound."""

import json
import shutil
import struct
from pathlib import Path

import pytest

from orchestrator.cli.main import main
from orchestrator.errors import ModelError, SetupError
from orchestrator.moving.first_registry import experts_of, general_of
from orchestrator.moving.surveying import survey
from orchestrator.registry.loader import load

DEMO = Path(__file__).parents[3] / "deploy/demo"


def write(folder, *, hidden=4, architecture="LlamaForCausalLM", **config):
    folder.mkdir(parents=True)
    told = {"model_type": "llama", "architectures": [architecture], "hidden_size": hidden}
    (folder / "config.json").write_text(json.dumps({**told, **config}))
    size = 2 * hidden * hidden
    tensor = {"dtype": "F16", "shape": [hidden, hidden], "data_offsets": [0, size]}
    header = json.dumps({"norm.weight": tensor}).encode()
    content = struct.pack("<Q", len(header)) + header + bytes(size)
    (folder / "model.safetensors").write_bytes(content)


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models"
    write(folder / "math")
    write(folder / "law")
    write(folder / "tiny-instruct", hidden=2, max_position_embeddings=64)
    write(folder / "vectors", hidden=8, architecture="BertModel", max_position_embeddings=512)
    (folder / "notes").mkdir()
    return folder


def nowhere(source):
    raise ModelError(f"{source!r} is not on this machine")


def init(capsys, *args):
    with pytest.raises(SystemExit) as caught:
        main(["init", *map(str, args)])
    captured = capsys.readouterr()
    return caught.value.code, captured.out, captured.err


def test_a_folder_of_models_is_surveyed_by_configuration_and_headers(models, tmp_path):
    found = {one.name: one for one in survey([str(models)], start=tmp_path, outline=nowhere)}

    assert sorted(found) == ["law", "math", "tiny-instruct", "vectors"]
    assert found["math"].source == "models/math"
    assert found["math"].parameters == 16  # 4 times 4
    assert found["tiny-instruct"].max_context == 64
    assert found["vectors"].embeds


def test_a_hubs_model_is_surveyed_by_its_outline(models, tmp_path):
    (found,) = survey(["org/law"], start=tmp_path, outline=lambda _: models / "law")

    assert (found.name, found.source) == ("law", "org/law")


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        pytest.param("nowhere", "is no folder and no id of a hub", id="neither"),
        pytest.param("org/gone", "is not on this machine", id="offline"),
        pytest.param("models/notes", "holds no model", id="an empty folder"),
    ],
)
def test_a_source_without_a_model_is_refused(models, tmp_path, monkeypatch, source, fault):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SetupError, match=fault):
        survey([source], start=tmp_path, outline=nowhere)


def test_damaged_weights_are_told_with_the_model_they_are_of(models, tmp_path):
    (models / "law/model.safetensors").write_bytes(b"\x00" * 4)

    with pytest.raises(ModelError, match="models/law"):
        survey([str(models)], start=tmp_path, outline=nowhere)


def test_the_general_expert_is_the_one_named_so_else_the_largest(models, tmp_path):
    experts = experts_of(survey([str(models)], start=tmp_path, outline=nowhere))

    assert general_of(experts, None).id == "tiny-instruct"
    assert general_of(experts, "law").id == "law"
    assert general_of([one for one in experts if one.id != "tiny-instruct"], None).id == "law"
    with pytest.raises(SetupError, match="'vectors' is no expert that answers with text"):
        general_of(experts, "vectors")
    with pytest.raises(SetupError, match="none of the models answers with text"):
        general_of([one for one in experts if one.embeds], None)


def test_init_writes_a_registry_by_lineage_that_passes_orchestrator_check(capsys, models, tmp_path):
    out = tmp_path / "experts.yaml"

    code, said, _ = init(capsys, models, "--out", out, "--memory-gib", "4")

    text = out.read_text()
    assert (code, said.splitlines()[0]) == (0, f"wrote {out}: 4 experts of 3 lineages")
    assert "2 experts share one engine and swap" in text
    assert text.index("id: law") < text.index("id: math") < text.index("id: tiny-instruct")
    assert "otherwise: {expert: tiny-instruct}" in text
    assert init(capsys, "org/m", "--out", out)[0] == 1  # it is there
    with pytest.raises(SystemExit) as caught:
        main(["check", str(out)])
    assert caught.value.code == 0


def test_init_writes_over_a_file_only_where_it_is_told_to(capsys, models, tmp_path):
    out = tmp_path / "experts.yaml"
    out.write_text("mine")

    code, _, err = init(capsys, models, "--out", out)
    assert (code, out.read_text()) == (1, "mine")
    assert "is there already: give another --out, or --force" in err

    code, said, _ = init(capsys, models / "law", "--out", out, "--force", "--json")
    assert (code, json.loads(said)["lineages"][0]["experts"]) == (0, ["law"])
    assert "kind: task" in out.read_text()


def test_init_of_a_hubs_model_offline_says_how_to_have_it(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_OFFLINE", "1")
    monkeypatch.setenv("ORCHESTRATOR_MODELS_DIR", str(tmp_path))

    code, _, err = init(capsys, "org/model", "--out", tmp_path / "experts.yaml")

    assert code == 1
    assert "HF_HUB_OFFLINE or ORCHESTRATOR_OFFLINE is set" in err
    assert not (tmp_path / "experts.yaml").exists()


@pytest.fixture
def demo(tmp_path):
    folder = tmp_path / "models"
    for name in ("experts/generalist", "experts/capitals", "adapters/formal", "adapters/json"):
        shutil.copytree(DEMO / name, folder / name.rpartition("/")[2])
    return folder


def test_adapters_are_put_on_their_bases_and_cards_are_read(capsys, demo, tmp_path):
    out = tmp_path / "experts.yaml"

    code, said, _ = init(capsys, demo, "--out", out, "--memory-gib", "4")

    assert (code, said.splitlines()[0]) == (0, f"wrote {out}: 4 experts of 2 lineages")
    assert "an engine alone, 2 adapters beside" in out.read_text()
    by_id = {one.id: one for one in load(out).experts}
    assert (by_id["formal"].base, by_id["formal"].adapter) == ("generalist", str(demo / "formal"))
    assert by_id["generalist"].engine.max_loras == 2
    assert {one.license for one in by_id.values()} == {"Apache-2.0"}
    assert by_id["capitals"].tags == ("demo", "tiny", "orchestrator", "en")


def test_an_adapter_whose_base_is_not_given_is_refused_by_name(demo, tmp_path):
    found = survey([str(demo / "formal"), str(demo / "capitals")], start=tmp_path, outline=nowhere)

    with pytest.raises(SetupError, match=r"'models/formal' is put on .*generalist', which is not"):
        experts_of(found)


def test_a_base_is_known_by_its_last_name_where_no_folder_is_it(demo, tmp_path):
    config = demo / "formal/adapter_config.json"
    config.write_text(
        config.read_text().replace("deploy/demo/experts/generalist", "org/generalist")
    )

    found = survey([str(demo)], start=tmp_path, outline=nowhere)

    assert {one.id: one.base for one in experts_of(found)}["formal"] == "generalist"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param({"use_dora": True}, "'use_dora' is not served by vLLM", id="unsupported"),
        pytest.param({"base_model_name_or_path": None}, "does not say which model", id="no base"),
    ],
)
def test_an_adapter_that_cannot_be_served_is_told_with_its_folder(demo, tmp_path, change, fault):
    config = demo / "formal/adapter_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | change))

    with pytest.raises(ModelError, match=f"models/formal.*{fault}"):
        survey([str(demo)], start=tmp_path, outline=nowhere)


def test_a_folder_of_another_format_says_which(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models/llama.gguf").write_bytes(b"GGUF")

    with pytest.raises(SetupError, match=r"llama\.gguf is of a format that is not loaded"):
        survey([str(tmp_path / "models")], start=tmp_path, outline=nowhere)
