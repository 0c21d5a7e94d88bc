"""Adapters on a real engine speak as from a fresh one that holds nothing else."""

import asyncio
import os
import random
import shutil
import subprocess
import sys

import pytest

from orchestrator.engines.base import Call, Sampling, Text
from orchestrator.engines.canary import CanaryFile
from orchestrator.engines.collecting import collect
from orchestrator.engines.lineage import lineages
from orchestrator.engines.slot import Slot
from orchestrator.engines.vllm import start_vllm
from orchestrator.errors import NotHostedError, SwapError
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert
from tests.e2e.engines.tiny_adapters import write_tiny_adapter

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]

#: Adapter -> its base and seed.
ADAPTERS = {"formal": ("first", 11), "curt": ("first", 12), "vite": ("second", 13)}
BASES = ("first", "second")


@pytest.fixture(scope="session")
def adapters(models):
    """Folders of adapters, with canaries recorded from fresh engines by the shipped command."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "orchestrator.engines.record_canary", "--base"]
    for name, (_, seed) in ADAPTERS.items():
        write_tiny_adapter(models / name, seed=seed)
    for base in BASES:
        folders = [str(models / name) for name, (on, _) in ADAPTERS.items() if on == base]
        subprocess.run(
            [*command, str(models / base), *folders],
            check=True,
            env=environment,
            capture_output=True,
        )
    return models


def experts_with(max_loras: int) -> dict[str, Expert]:
    engine = VllmEngine(max_model_len=256, kv_cache_gib=0.1, max_loras=max_loras)
    bases = {name: Expert(id=name, model=name, engine=engine) for name in BASES}
    return bases | {name: on(base, name, bases) for name, (base, _) in ADAPTERS.items()}


def on(base: str, name: str, bases) -> Expert:
    return bases[base].model_copy(update={"id": name, "base": base, "adapter": name})


@pytest.fixture(scope="module")
async def adapted(adapters):
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    (lineage,) = lineages(list(experts_with(2).values()), adapters)
    host = await start_vllm(lineage)
    yield host
    await host.close()


def fresh(models, name):
    return CanaryFile.model_validate_json((models / name / "canary.json").read_bytes()).canaries[0]


def call(expert, *, token_ids=(1, 2, 3), max_tokens=8) -> Call:
    sampling = Sampling(temperature=0.0, max_tokens=max_tokens, top_logprobs=0)
    prompt = Text(token_ids=tuple(token_ids))
    return Call(id="c", expert=expert, generation=1, prompt=prompt, sampling=sampling)


async def spoken(host, asked):
    (choice,) = (await collect(host.generate(asked))).choices
    return choice.text, [token.logprob for token in choice.logprobs]


async def check_as_fresh(host, models, name):
    known = fresh(models, name)
    _, scores = await spoken(host, call(name, token_ids=known.prompt_token_ids))

    assert scores, name
    worst = max(abs(one - other) for one, other in zip(scores, known.logprobs, strict=False))
    assert worst < 1e-3, (name, worst)


async def load_on(host, names):
    """Calls of several experts in the same batches."""
    rng = random.Random(0)
    asked = [call(rng.choice(names), token_ids=(seed, 7), max_tokens=30) for seed in range(36)]
    return await asyncio.gather(*(spoken(host, one) for one in asked))


async def test_adapters_are_there_from_the_start(adapted):
    assert [one.id for one in adapted.residents] == ["first", "formal", "curt"]


async def test_no_two_of_a_base_and_its_adapters_speak_alike(adapted):
    said = [await spoken(adapted, call(name)) for name in ("first", "formal", "curt")]

    assert len({str(scores) for _, scores in said}) == 3


async def test_each_speaks_as_from_a_fresh_engine_alone_and_among_the_others(adapted, adapters):
    names = ["first", "formal", "curt"]
    for name in names:
        await check_as_fresh(adapted, adapters, name)

    load = asyncio.create_task(load_on(adapted, names))
    await asyncio.gather(*(check_as_fresh(adapted, adapters, name) for name in names * 4))
    await load


async def test_after_a_sibling_and_back_adapters_speak_as_from_a_fresh_engine(adapted, adapters):
    experts = experts_with(2)
    for _ in range(3):
        await adapted.become(experts["second"])
        with pytest.raises(NotHostedError, match="'formal' is not resident"):
            await spoken(adapted, call("formal"))
        await adapted.add(experts["vite"])
        await asyncio.gather(*(check_as_fresh(adapted, adapters, n) for n in ("second", "vite")))
        await adapted.become(experts["first"])
        await adapted.add(experts["curt"])
        await adapted.add(experts["formal"])
        load = asyncio.create_task(load_on(adapted, ["first", "formal", "curt"]))
        checks = (check_as_fresh(adapted, adapters, n) for n in ("first", "formal", "curt"))
        await asyncio.gather(*checks)
        await load


async def test_an_adapter_added_under_load_changes_nobodys_words(adapted, adapters):
    experts = experts_with(2)
    await adapted.become(experts["first"])
    await adapted.add(experts["curt"])
    before = await load_on(adapted, ["first", "curt"])

    load = asyncio.create_task(load_on(adapted, ["first", "curt"]))
    await adapted.add(experts["formal"])
    after = await load

    assert [text for text, _ in after] == [text for text, _ in before]
    await check_as_fresh(adapted, adapters, "formal")


async def test_an_adapter_trained_anew_in_its_folder_is_not_answered_from_the_cache(
    adapted, adapters, tmp_path
):
    experts = experts_with(2)
    await adapted.become(experts["first"])
    shutil.copytree(adapters / "formal", tmp_path / "trained")
    (tmp_path / "trained/canary.json").unlink()
    trained = experts["formal"].model_copy(
        update={"id": "trained", "adapter": str(tmp_path / "trained")}
    )
    prompt = tuple(range(1, 100))  # some blocks, which the prefix cache keeps
    await adapted.add(trained)
    _, before = await spoken(adapted, call("trained", token_ids=prompt))

    shutil.copy(adapters / "curt/adapter_model.safetensors", tmp_path / "trained")
    await adapted.add(experts["curt"], instead_of=trained)
    await adapted.add(trained)
    _, after = await spoken(adapted, call("trained", token_ids=prompt))
    _, same = await spoken(adapted, call("curt", token_ids=prompt))

    assert max(abs(one - other) for one, other in zip(after, same, strict=True)) < 1e-3
    assert max(abs(one - other) for one, other in zip(after, before, strict=False)) > 1e-3


def of_another_base(folder):
    write_tiny_adapter(folder, seed=5, num_inputs=96)


def of_too_large_a_rank(folder):
    write_tiny_adapter(folder, seed=5, rank=32)  # the header fits, vLLM has no room


def truncated(folder):
    write_tiny_adapter(folder, seed=5)
    path = folder / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def of_other_words(folder, models):
    shutil.copytree(models / "formal", folder)
    shutil.copy(models / "curt/canary.json", folder)
    text = (folder / "canary.json").read_text()
    own = CanaryFile.model_validate_json((models / "formal/canary.json").read_bytes()).weights
    of_curt = CanaryFile.model_validate_json(text).weights
    (folder / "canary.json").write_text(text.replace(of_curt, own))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (of_another_base, r"is an adapter of another base: its 'model.layers.0.mlp.down_proj.lora"),
        (of_too_large_a_rank, "an engine of its own is needed"),
        (truncated, "truncated"),
        (of_other_words, "canary of expert 'bad'"),
    ],
)
async def test_an_adapter_that_is_not_right_is_refused_and_the_engine_serves_on(
    adapted, adapters, tmp_path, write, message
):
    experts = experts_with(2)
    await adapted.become(experts["first"])
    await adapted.add(experts["curt"])
    folder = tmp_path / "bad"
    write(folder, adapters) if write is of_other_words else write(folder)
    bad = experts["formal"].model_copy(update={"id": "bad", "adapter": str(folder)})
    load = asyncio.create_task(load_on(adapted, ["first", "curt"]))

    with pytest.raises(SwapError, match=message):
        await adapted.add(bad)

    await load
    assert [one.id for one in adapted.residents] == ["first", "curt"]
    for name in ("first", "curt"):
        await check_as_fresh(adapted, adapters, name)
    await adapted.add(experts["formal"])
    await check_as_fresh(adapted, adapters, "formal")


async def test_more_adapters_than_room_under_load_each_speak_their_own_words(adapters):
    experts = experts_with(1)
    (lineage,) = lineages(list(experts.values()), adapters)
    host = await start_vllm(lineage)
    slot = Slot("local", clock=asyncio.get_running_loop())
    slot.seat(lineage.id, host, lineage.experts)
    try:
        rng = random.Random(1)
        names = rng.choices([*BASES, *ADAPTERS], k=30)
        known = {name: fresh(adapters, name) for name in experts}
        asked = [
            replaced(call(name, token_ids=known[name].prompt_token_ids), experts[name])
            for name in names
        ]
        answers = await asyncio.gather(*(spoken(slot, one) for one in asked))
        for name, (_, scores) in zip(names, answers, strict=True):
            pairs = zip(scores, known[name].logprobs, strict=False)
            assert max(abs(one - other) for one, other in pairs) < 1e-3, name
    finally:
        await slot.close()


def replaced(asked: Call, expert: Expert) -> Call:
    from dataclasses import replace

    return replace(asked, version=expert.version)
