"""Which files of a source are fetched."""

import pytest

from orchestrator.checkpoints.chosen import chosen
from orchestrator.checkpoints.origin import Listing, Remote
from orchestrator.checkpoints.sources import Wanted
from orchestrator.errors import ModelError

WANTED = Wanted(expert_id="a", source="org/a")
SOUND = ("config.json", "model.safetensors")


def fetched(*names, wanted=WANTED):
    files = tuple(Remote(name=name, num_bytes=1) for name in names)
    return [file.name for file in chosen(Listing(commit="c", files=files), wanted)]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        pytest.param((), r"org/a has no config\.json; it has no files", id="nothing"),
        pytest.param(("model.safetensors",), r"has no config\.json; it has model", id="no config"),
        pytest.param(("config.json",), r"has no \*\.safetensors; it has config", id="no weights"),
        pytest.param(("config.json", "a.pt"), r"as pickle \(a\.pt\)", id="pickle"),
        pytest.param(
            ("config.json", "2_Dense/model.safetensors"), r"has no \*\.saf", id="module alone"
        ),
    ],
)
def test_a_source_without_a_model_is_refused(names, message):
    with pytest.raises(ModelError, match=message):
        fetched(*names)


@pytest.mark.parametrize(
    "name",
    [
        "pytorch_model.bin",
        "pytorch_model.bin.index.json",
        "training_args.pt",
        "modeling.py",
        "../outside.json",
        "/etc/passwd.json",
        "a\\b.json",
        ".hidden.json",
        "onnx/config.json",
        "original/model.safetensors",
        "image.png",
    ],
)
def test_what_no_engine_reads_stays(name):
    assert fetched(*SOUND, name) == list(SOUND)


@pytest.mark.parametrize(
    "name",
    ["tokenizer.json", "merges.txt", "tokenizer.model", "1_Pooling/config.json", "a.jinja"],
)
def test_what_an_engine_reads_comes_too(name):
    assert name in fetched(*SOUND, name)


def test_code_comes_where_it_is_allowed():
    allowed = Wanted(expert_id="a", source="org/a", allows_code=True)

    assert "modeling.py" in fetched(*SOUND, "modeling.py", wanted=allowed)


def test_the_same_weights_in_another_layout_stay():
    assert fetched(*SOUND, "consolidated.safetensors") == list(SOUND)
    assert "consolidated.safetensors" in fetched("config.json", "consolidated.safetensors")


def test_an_adapter_has_a_configuration_of_its_own():
    adapter = Wanted(expert_id="a", source="org/a", is_adapter=True)

    assert fetched("adapter_config.json", "adapter_model.safetensors", wanted=adapter)
    with pytest.raises(ModelError, match=r"has no adapter_config\.json"):
        fetched(*SOUND, wanted=adapter)
