"""Addresses and keys of upstreams: secrets never come out again."""

import pytest

from orchestrator.errors import SetupError
from orchestrator.guards.upstreams import ADDRESSES, HOSTS, upstream_policy
from orchestrator.registry.faults import shown
from orchestrator.registry.loader import check
from orchestrator.registry.upstreams import api_key_env, base_url
from tests.registries import write_registry

ANYWHERE = upstream_policy({})
SECRET = "sk-proj-0123456789abcdef"


@pytest.mark.parametrize("name", ["UPSTREAM_API_KEY", "KEY", "A1"])
def test_a_name_of_a_variable_that_is_set_is_sound(name):
    assert list(api_key_env(name, (), environ={name: "x"})) == []


@pytest.mark.parametrize(
    "name", [SECRET, "my key", "", "1KEY", "lower_case", "AKIAIOSFODNN7EXAMPLE", "A" * 65]
)
def test_what_may_be_the_key_itself_is_refused_unseen(name):
    (finding,) = api_key_env(name, (), environ={})

    assert not finding.is_warning
    assert not name or name not in finding.reason
    assert finding.value is None


def test_a_variable_that_is_not_set_is_a_warning():
    (finding,) = api_key_env("UPSTREAM_KEY", (), environ={"UPSTREM_KEY": "x"})

    assert (finding.is_warning, finding.nearest) == (True, "UPSTREM_KEY")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/v1", "https://host/v1", "http://[::1]:1/v1"]
)
def test_an_http_url_is_sound(url):
    assert list(base_url(url, (), policy=ANYWHERE)) == []


@pytest.mark.parametrize(
    "url",
    ["ftp://host/v1", "host:9000/v1", "http://", "", "http://h:x/v1", "http://a b/", "http://["],
)
def test_another_url_is_refused(url):
    (finding,) = base_url(url, (), policy=ANYWHERE)

    assert "URL" in finding.reason


@pytest.mark.parametrize("url", [f"http://u:{SECRET}@h/v1", f"http://h/v1?key={SECRET}"])
def test_a_url_with_credentials_is_refused_unseen(url):
    (finding,) = base_url(url, (), policy=ANYWHERE)

    assert SECRET not in finding.reason
    assert finding.value is None


@pytest.mark.parametrize(
    "line",
    [
        f"api_key: {SECRET}", f"api_key_env: [{SECRET}]", f"api_key_env: {SECRET}",
        f"timeout_s: {SECRET}", "api_key_env: 12345678901234567890",
    ],
)  # fmt: skip
def test_no_way_to_misplace_a_key_prints_it(tmp_path, line):
    engine = f"{{kind: openai, base_url: 'http://h/v1', model: m, {line}}}"
    path = write_registry(tmp_path, f"experts:\n  - {{id: a, engine: {engine}}}\n")

    text = "\n".join(str(fault) for fault in check(path, environ={}).faults)

    assert text
    assert SECRET not in text
    assert "12345678901234567890" not in text


def test_a_model_folder_beside_an_upstream_is_not_ignored_in_silence(tmp_path):
    path = write_registry(tmp_path, "experts:\n  - {id: a, model: m, engine: {kind: fake}}\n")

    (fault,) = check(path, environ={}).faults

    assert "'m' would be ignored: expert 'a' runs on engine 'fake'" in str(fault)


def test_values_are_shortened():
    assert len(shown("x" * 1000)) < 100


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "/claude", "anthropic/"])
def test_a_hosted_model_names_its_provider(tmp_path, model):
    path = write_registry(
        tmp_path,
        f"""\
experts:
  - {{id: hosted, engine: {{kind: litellm, model: {model}, base_url: ftp://h}}}}
""",
    )

    found = check(path, environ={})

    assert "names no provider" in str(found.faults)
    assert "ftp://h" in str(found.faults)


METADATA = """\
version: 1
experts:
  - {id: up, engine: {kind: openai, base_url: "http://[::ffff:169.254.169.254]/v1", model: m}}
"""


def test_a_registry_that_names_a_metadata_service_is_refused(tmp_path):
    (fault,) = check(write_registry(tmp_path, METADATA)).faults

    assert "metadata service" in fault.reason


def test_what_the_operator_names_may_be_anywhere(tmp_path):
    environ = {"ORCHESTRATOR_UPSTREAM_HOSTS": "169.254.169.254"}

    assert check(write_registry(tmp_path, METADATA), environ=environ).faults == ()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://10.0.0.1/v1"])
def test_an_operator_may_keep_upstreams_to_public_addresses(url):
    policy = upstream_policy({"ORCHESTRATOR_UPSTREAM_ADDRESSES": "public"})

    (finding,) = base_url(url, (), policy=policy)

    assert "must not be asked" in finding.reason


@pytest.mark.parametrize("environ", [{ADDRESSES: "any"}, {HOSTS: "10.1.2.3/8"}])
def test_a_policy_that_cannot_be_meant_is_an_error_of_the_set_up(environ):
    with pytest.raises(SetupError, match=next(iter(environ))):
        upstream_policy(environ)
