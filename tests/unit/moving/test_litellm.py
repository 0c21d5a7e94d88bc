"""A LiteLLM proxy's configuration, written after its documentation, as a registry."""

from pathlib import Path

import pytest
import yaml

from orchestrator.errors import SetupError
from orchestrator.moving.litellm import from_litellm
from orchestrator.moving.writing import Comments, registry_text
from orchestrator.registry.document import parse
from orchestrator.registry.loader import check_document
from orchestrator.registry.surroundings import Surroundings

FILE = Path(__file__).parent / "litellm.yaml"


def moved(text, **environ):
    return from_litellm(yaml.safe_load(text), environ=environ)


@pytest.fixture(scope="module")
def proxy():
    return moved(FILE.read_text())


def test_a_proxys_registry_passes_the_check(proxy, tmp_path):
    text = registry_text(proxy.registry, Comments())

    checked = check_document(parse(text, file="f"), Surroundings(folder=tmp_path, environ={}))

    assert checked.faults == ()
    assert checked.registry == proxy.registry


def test_deployments_of_a_name_share_its_callers_by_weight_and_stand_in_for_each_other(proxy):
    routers = proxy.registry.routers

    assert routers["gpt-4o"].shares == {"gpt-4o.1": 3.0, "gpt-4o.2": 1.0}
    assert list(routers["gpt-4o.2"].experts) == ["gpt-4o-2", "gpt-4o-1"]
    assert proxy.registry.compositions["gpt-4o"].fallbacks == 1


def test_fallbacks_of_a_proxy_follow_in_order_behind_the_name(proxy):
    assert list(proxy.registry.routers["claude"].experts) == ["claude-1", "gpt-4o-1", "gpt-4o-2"]
    assert proxy.registry.compositions["claude"].fallbacks == 2


def test_aliases_of_a_proxy_are_compositions_of_their_own(proxy):
    assert proxy.registry.compositions["sonnet"].router == "claude"
    assert proxy.registry.compositions["gpt-4"].router == "gpt-4o"


def test_a_deployment_keeps_price_context_sampling_and_abilities(proxy):
    by_id = {one.id: one for one in proxy.registry.experts}

    assert by_id["gpt-4o-1"].price.input_usd_per_mtok == 2.5  # 0.0000025 a token
    assert by_id["gpt-4o-1"].engine.max_context == 128000
    assert by_id["claude-1"].defaults.max_tokens == 1024
    assert by_id["claude-1"].modalities == ("text", "image")
    assert by_id["vllm-models-qwen"].lacks == ("tools",)
    assert by_id["vllm-models-qwen"].engine.kind == "openai"
    assert by_id["text-embedding-3-small"].embeds


def test_every_setting_of_a_proxy_that_is_not_in_the_registry_is_told(proxy):
    told = {one.setting for one in proxy.left}

    assert told >= {
        "model_list[0].litellm_params.api_version",
        "model_list[0].litellm_params.rpm",
        "model_list[5].model_info.mode",
        "model_list[6].litellm_params.model",
        "litellm_settings.drop_params",
        "litellm_settings.fallbacks.nobody",
        "router_settings.routing_strategy",
        "router_settings.redis_host",
        "general_settings.master_key",
        "environment_variables",
        "guardrails",
    }
    assert all(one.why for one in proxy.left)


def test_a_key_in_a_proxys_configuration_is_never_repeated(proxy):
    text = registry_text(proxy.registry, Comments()) + "".join(map(str, proxy.left))

    assert "sk-1234567890abcdef" not in text
    assert "GPT_4O_2_API_KEY" in text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("models: {}", "has no list `model_list`", id="another file"),
        pytest.param("- a", "has no list `model_list`", id="a list"),
        pytest.param("model_list: []", "`model_list` is empty", id="nothing"),
        pytest.param("model_list: [7, {model_name: a}]", r"model_list\[0\]: it has no", id="odd"),
        pytest.param(
            "model_list: [{model_name: a, litellm_params: {model: mine}}]",
            "'mine' names no provider",
            id="no provider",
        ),
        pytest.param(
            "model_list: [{model_name: a, litellm_params: {model: openai/m, "
            "api_base: os.environ/ROOT}}]",
            "ROOT is not set here",
            id="a root nobody knows",
        ),
        pytest.param(
            "model_list: [{model_name: a, litellm_params: {model: openai/m, "
            "api_base: 'https://me:word@host/v1'}}]",
            r"no URL of scheme, host and path alone \(not shown\)",
            id="credentials in a URL",
        ),
    ],
)
def test_a_proxy_that_makes_no_expert_is_refused_with_the_reasons(text, fault):
    with pytest.raises(SetupError, match=fault):
        moved(text)


def test_a_root_in_a_variable_is_read_where_the_registry_needs_it():
    text = (
        "model_list: [{model_name: a, litellm_params: {model: openai/m, api_base: os.environ/R}}]"
    )

    found = moved(text, R="http://127.0.0.1:9000/v1")

    assert found.registry.experts[0].engine.base_url == "http://127.0.0.1:9000/v1"


def test_a_value_of_a_proxy_that_no_registry_takes_is_left_out_alone():
    text = (
        "model_list: [{model_name: a, litellm_params: {model: openai/m, temperature: 9, top_p: 1}}]"
    )

    found = moved(text)

    assert found.registry.experts[0].defaults.top_p == 1
    assert [str(one) for one in found.left] == [
        "model_list[0].litellm_params.temperature: 9 is no value for it"
    ]


def test_names_of_a_proxy_stay_apart_where_ids_would_be_the_same():
    entry = "{{model_name: {0}, litellm_params: {{model: openai/m}}}}"
    text = f"model_list: [{', '.join(entry.format(name) for name in ('a', 'a', 'a-1', 'a/1'))}]"

    found = moved(text)

    ids = [one.id for one in found.registry.experts]
    assert len(set(ids)) == 4
    assert "a-1" in ids
