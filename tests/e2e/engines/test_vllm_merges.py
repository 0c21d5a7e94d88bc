"""A merge made by the command, in an engine that was another expert before."""

import pytest

from orchestrator.cli.main import main
from orchestrator.engines.base import Call, Sampling, Text
from orchestrator.engines.canary import CanaryFile
from orchestrator.engines.collecting import collect
from orchestrator.registry.loader import load
from orchestrator.registry.models import Expert

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]

REGISTRY = """\
experts:
  - {id: first, model: first, engine: {kind: vllm, max_model_len: 256, kv_cache_gib: 0.1}}
  - {id: second, model: second, engine: {kind: vllm, max_model_len: 256, kv_cache_gib: 0.1}}
slots:
  - {name: local, memory_gib: 4}
"""


@pytest.fixture(scope="module")
def merged(models) -> Expert:
    """Merged, its canary recorded from a fresh engine, and added to the registry: one command."""
    registry = models / "experts.yaml"
    registry.write_text(REGISTRY)
    command = ["merge", "first", "second", "--weights", "0.6,0.4", "--id", "merged", "--add"]
    with pytest.raises(SystemExit) as caught:
        main([*command, "--registry", str(registry), "--out", str(models / "merged")])
    assert caught.value.code == 0
    found = load(registry).expert("merged")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def fresh(merged, models):
    """What a fresh engine said."""
    file = CanaryFile.model_validate_json((models / "merged/canary.json").read_bytes())
    return file.canaries[0]


async def spoken(host, expert, known):
    call = Call(
        id="c",
        expert=expert,
        generation=1,
        prompt=Text(token_ids=known.prompt_token_ids),
        sampling=Sampling(temperature=0.0, max_tokens=len(known.token_ids), top_logprobs=0),
    )
    (choice,) = (await collect(host.generate(call))).choices
    return b"".join(bytes(token.bytes_) for token in choice.logprobs), choice.logprobs


async def test_a_merge_gives_exactly_the_words_of_a_fresh_engine(resident, merged, fresh, caplog):
    said = []
    for before in ("first", "second"):
        host = await resident(before)
        other, _ = await spoken(host, before, fresh)

        await host.become(merged)
        words, scores = await spoken(host, "merged", fresh)

        worst = max(abs(s.logprob - k) for s, k in zip(scores, fresh.logprobs, strict=False))
        assert worst < 1e-3
        assert len(scores) >= 1
        assert words != other
        said.append(words)
    assert said[0] == said[1]
    # The canary compares the ids themselves; where they differ the engine is started anew.
    assert not [one for one in caplog.messages if "restarting" in one]


async def test_its_sources_speak_as_before(resident, merged, models):
    host = await resident("first")
    known = CanaryFile.model_validate_json((models / "first/canary.json").read_bytes()).canaries[0]
    before = await spoken(host, "first", known)

    await host.become(merged)
    after = await spoken(await resident("first"), "first", known)

    assert after == before
