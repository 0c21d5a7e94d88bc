"""`orchestrator place` without a service: a registry and a trace."""

import json

import pytest

from orchestrator.cli.place import place
from orchestrator.errors import RegistryError, SetupError
from tests.unit.cli.test_simulate_command import run
from tests.unit.engines.checkpoints import write_model

TEXT = """\
experts:
  - {id: hot, model: hot, engine: {kind: vllm, kv_cache_gib: 0.25}}
  - {id: rare, model: rare, engine: {kind: vllm, kv_cache_gib: 0.25}}
  - {id: rarer, model: rarer, engine: {kind: vllm, kv_cache_gib: 0.25}}
slots:
  - {name: local, memory_gib: 2, count: 2}
"""


@pytest.fixture
def registry(tmp_path):
    for name in ("hot", "rare", "rarer"):
        write_model(tmp_path / name)
    path = tmp_path / "experts.yaml"
    path.write_text(TEXT)
    return path


def trace(folder, *experts: str):
    lines = [
        {"expert": expert, "arrives_s": place / 2, "prompt_tokens": 9, "output_tokens": 9}
        for place, expert in enumerate(experts)
    ]
    path = folder / "trace.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_a_trace_that_asks_for_others_is_refused_with_those_that_are_known(registry, tmp_path):
    result = run(place, "--registry", registry, "--trace", trace(tmp_path, "hot", "hto"))

    assert isinstance(result.exception, RegistryError)
    assert "asks for ['hto'], which are not in the registry; known: ['hot'," in str(
        result.exception
    )


def test_a_registry_without_a_trace_is_refused(registry):
    result = run(place, "--registry", registry)

    assert isinstance(result.exception, SetupError)


def test_a_trace_shows_who_would_be_at_home_where_and_what_it_saves(registry, tmp_path):
    asked = trace(tmp_path, *["hot"] * 40, "rare", *["hot"] * 40, "rarer")

    result = run(place, "--registry", registry, "--trace", asked, "--json")

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    homes = {one["expert"].partition("@")[0]: one["proposed"] for one in found["experts"]}
    assert homes["rare"] == homes["rarer"] != homes["hot"]
    assert found["is_worth"]
    assert not found["is_carried_out"]
    assert found["gain_s"] > found["moving_s"]
