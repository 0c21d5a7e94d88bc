"""llama-swap's configuration, written after its example, as a registry."""

from pathlib import Path

import pytest
import yaml

from orchestrator.errors import SetupError
from orchestrator.moving.llama_swap import from_llama_swap
from orchestrator.moving.llama_swap_macros import expanded, options_of, words_of
from orchestrator.moving.writing import Comments, registry_text
from orchestrator.registry.document import parse
from orchestrator.registry.loader import check_document
from orchestrator.registry.surroundings import Surroundings

FILE = Path(__file__).parent / "llama-swap.yaml"


def moved(text, **environ):
    return from_llama_swap(yaml.safe_load(text), environ=environ, memory_gib=20)


@pytest.fixture(scope="module")
def swap():
    return moved(FILE.read_text(), HOME="/home/me")


def test_the_registry_of_a_llama_swap_passes_the_check(swap, tmp_path):
    text = registry_text(swap.registry, Comments())

    checked = check_document(parse(text, file="f"), Surroundings(folder=tmp_path, environ={}))

    assert checked.faults == ()


def test_a_model_of_vllm_is_hosted_by_its_weights_in_a_slot_as_wide(swap):
    coder = swap.registry.expert("coder")

    assert (coder.model, coder.engine.kind) == ("Qwen/Qwen3-Coder", "vllm")
    assert (coder.engine.max_model_len, coder.engine.tensor_parallel) == (8192, 2)
    assert [(one.accelerators, one.memory_gib) for one in swap.registry.slots] == [(2, 40)]


def test_another_server_is_an_upstream_at_the_port_llama_swap_gives_it(swap):
    # By name: coder 10001, gpt-oss:120b 10002, nomic 10003.
    first = swap.registry.expert("gpt-oss-120b")

    assert first.engine.base_url == "http://127.0.0.1:10002/v1"
    assert first.engine.model == "openai/gpt-oss-120B"
    assert first.engine.max_context == 16384
    assert first.defaults.temperature == 0.7
    assert swap.registry.expert("nomic").embeds
    assert swap.registry.expert("qwen").engine.base_url == "http://127.0.0.1:8999/v1"


def test_aliases_of_a_model_are_compositions(swap):
    assert set(swap.registry.compositions) == {"gpt-4o-mini", "gpt-oss"}


def test_models_of_a_peer_are_upstreams_with_its_key_in_a_variable(swap):
    engine = swap.registry.expert("z-ai-glm-4.7").engine

    assert engine.base_url == "https://models.example.com/api/v1"
    assert (engine.model, engine.api_key_env) == ("z-ai/glm-4.7", "RENTED_KEY")


def test_every_setting_of_llama_swap_that_is_not_in_the_registry_is_told(swap):
    told = {one.setting for one in swap.left}

    assert told >= {
        *("healthCheckTimeout", "logLevel", "globalTTL", "apiKeys", "groups", "hooks"),
        *("models.qwen.cmd", "models.qwen.cmdStop", "models.gpt-oss:120b.ttl"),
        *("models.gpt-oss:120b.filters.stripParams", "models.coder.cmd --enforce-eager"),
        *("models.coder.env", "models.nomic.aliases.text-embedding-3-small"),
    }
    assert "sk-hunter2" not in "".join(map(str, swap.left))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("model_list: []", "has no mapping `models`", id="another file"),
        pytest.param("models: {}", "`models` is empty", id="nothing"),
        pytest.param("models: {a: {cmd: x, proxy: 'ftp://h'}}", "is no URL", id="odd proxy"),
    ],
)
def test_a_llama_swap_that_makes_no_expert_is_refused_with_the_reasons(text, fault):
    with pytest.raises(SetupError, match=fault):
        moved(text)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param("${n}", 4, id="alone keeps its type"),
        pytest.param("a ${n} ${m}", "a 4 4", id="macros in macros"),
        pytest.param({"k": ["${n}", "${odd}"]}, {"k": [4, "${odd}"]}, id="inside of others"),
        pytest.param("${loop}", "${loop}", id="one that names itself ends"),
    ],
)
def test_macros_are_replaced(value, found):
    assert expanded(value, {"n": 4, "m": "${n}", "loop": "${loop}"}) == found


def test_a_command_is_read_without_comments_and_line_ends():
    words = words_of("# one\nserver \\\n  --a 1 --b=2 -ngl -1\n  # two\n  --flag")

    assert words == ["server", "--a", "1", "--b=2", "-ngl", "-1", "--flag"]
    assert options_of(words) == {"a": "1", "b": "2", "ngl": "-1", "flag": True}
    assert words_of("server 'open") == []
