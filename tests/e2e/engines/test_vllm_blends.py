"""A blend of adapters made by the command, beside the adapters it is made of."""

import os

import pytest

from orchestrator.cli.main import main
from orchestrator.engines.base import Call, Sampling, Text
from orchestrator.engines.canary import CanaryFile
from orchestrator.engines.collecting import collect
from orchestrator.engines.lineage import lineages
from orchestrator.engines.vllm import start_vllm
from orchestrator.registry.loader import load
from tests.e2e.engines.tiny_adapters import write_tiny_adapter

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]

REGISTRY = """\
experts:
  - id: first
    model: first
    engine: {kind: vllm, max_model_len: 256, kv_cache_gib: 0.1, max_loras: 3}
  - {id: warm, base: first, adapter: warm}
  - {id: terse, base: first, adapter: terse}
slots:
  - {name: local, memory_gib: 4}
"""


@pytest.fixture(scope="module")
def registry(models):
    """Blended, its canary recorded from a fresh engine, and added to the registry: one command."""
    for name, seed in (("warm", 21), ("terse", 22)):
        write_tiny_adapter(models / name, seed=seed)
    path = models / "blends.yaml"
    path.write_text(REGISTRY)
    command = ["merge", "warm", "terse", "--weights", "0.6,0.4", "--id", "blend", "--add"]
    with pytest.raises(SystemExit) as caught:
        main([*command, "--registry", str(path), "--out", str(models / "blend")])
    assert caught.value.code == 0
    return load(path)


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


async def test_a_blend_gives_exactly_the_words_of_a_fresh_engine(registry, models):
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    file = CanaryFile.model_validate_json((models / "blend/canary.json").read_bytes())
    known = file.canaries[0]
    (lineage,) = lineages(registry.experts, models)
    host = await start_vllm(lineage, first="first")
    try:
        said = {name: await spoken(host, name, known) for name in ("warm", "terse", "blend")}
    finally:
        await host.close()

    words, scores = said["blend"]
    worst = max(abs(s.logprob - k) for s, k in zip(scores, known.logprobs, strict=False))
    assert worst < 1e-3
    assert len(scores) >= 1
    assert words not in (said["warm"][0], said["terse"][0])
