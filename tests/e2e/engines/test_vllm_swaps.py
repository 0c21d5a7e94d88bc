import asyncio
import shutil

import psutil
import pytest

from orchestrator.engines.base import Call, Sampling, Text
from orchestrator.engines.canary import CanaryFile
from orchestrator.engines.collecting import collect
from orchestrator.errors import EngineDeadError, NotHostedError, SwapError
from orchestrator.registry.weights import read_checkpoint
from tests.unit.engines.checkpoints import write_tensors

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]


def fresh(models, name):
    """What a fresh engine said, as the recording command stored it."""
    return CanaryFile.model_validate_json((models / name / "canary.json").read_bytes()).canaries[0]


def call(expert, *, token_ids=(1, 2, 3), max_tokens=8) -> Call:
    sampling = Sampling(temperature=0.0, max_tokens=max_tokens, top_logprobs=0)
    prompt = Text(token_ids=tuple(token_ids))
    return Call(id="c", expert=expert, generation=1, prompt=prompt, sampling=sampling)


async def spoken(host, asked):
    (choice,) = (await collect(host.generate(asked))).choices
    return b"".join(bytes(token.bytes_) for token in choice.logprobs), choice.logprobs


async def test_after_any_swaps_under_load_each_expert_speaks_as_from_a_fresh_engine(
    resident, models
):
    for name in ("first", "second", "first", "other", "second"):
        host = await resident(name)
        known = fresh(models, name)
        load = [spoken(host, call(name, token_ids=(seed, 5), max_tokens=40)) for seed in range(24)]
        asked = call(name, token_ids=known.prompt_token_ids)
        (_, scores), *_ = await asyncio.gather(spoken(host, asked), *load)

        worst = max(abs(s.logprob - k) for s, k in zip(scores, known.logprobs, strict=False))
        assert worst < 1e-3
        assert len(scores) >= 1


async def test_siblings_do_not_speak_alike(resident):
    said = [await spoken(await resident(name), call(name)) for name in ("first", "second")]

    assert said[0][0] != said[1][0]


async def test_a_call_in_flight_ends_as_the_expert_that_began_it(resident, lineage):
    host = await resident("first")
    alone, _ = await spoken(host, call("first", max_tokens=100))
    running = asyncio.create_task(spoken(host, call("first", max_tokens=100)))
    await asyncio.sleep(0)

    await asyncio.gather(host.become(lineage.expert("second")), running)

    assert running.result()[0] == alone


async def test_another_expert_than_the_resident_is_refused(resident):
    host = await resident("first")

    with pytest.raises(
        NotHostedError, match=r"'second' is not resident in this engine; \['first'\] are"
    ):
        await collect(host.generate(call("second")))


def without_a_layer(path, form):
    form.pop(next(iter(form)))
    write_tensors(path, form)


def with_another_shape(path, form):
    write_tensors(path, form | {"lm_head.weight": [321, 128]})


def truncated(path, _form):
    path.write_bytes(path.read_bytes()[:-100])


def a_pickle(path, _form):
    path.write_bytes(b"\x80\x04}q\x00.")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without_a_layer, "missing"),
        (with_another_shape, "'lm_head.weight'"),
        (truncated, "truncated"),
        (a_pickle, "safetensors"),
    ],
)
async def test_weights_that_do_not_fit_leave_the_previous_expert_serving(
    resident, lineage, models, spoil, message
):
    host = await resident("first")
    before = await spoken(host, call("first"))
    path = models / "spoilt/model.safetensors"
    shutil.copy(models / "second/model.safetensors", path)
    tensors = read_checkpoint(path.parent).tensors
    matrices = {
        name: list(s.shape) if len(s.shape) == 2 else [1, *s.shape] for name, s in tensors.items()
    }
    spoil(path, matrices)

    with pytest.raises(SwapError, match=message):
        await host.become(lineage.expert("spoilt"))

    assert [one.id for one in host.residents] == ["first"]
    assert await spoken(host, call("first")) == before


async def test_weights_that_changed_in_their_folder_are_read_anew(resident, models):
    said = []
    for name in ("second", "other"):
        shutil.copy(models / name / "model.safetensors", models / "spoilt/model.safetensors")
        host = await resident("spoilt")
        said.append(
            (await spoken(host, call("spoilt")), await spoken(await resident(name), call(name)))
        )

    assert all(spoilt[0] == own[0] for spoilt, own in said)
    assert said[0][0][0] != said[1][0][0]


async def test_a_killed_engine_fails_its_calls_and_is_said_dead(resident):
    """The last test of the shared engine."""
    host = await resident("first")
    begun = asyncio.Event()

    async def read():
        async for _ in host.generate(call("first", max_tokens=250)):
            begun.set()

    reading = asyncio.create_task(read())
    await begun.wait()
    for child in psutil.Process().children(recursive=True):
        if child.name().startswith("VLLM::EngineCor"):  # the kernel keeps 15 characters
            child.kill()

    with pytest.raises(EngineDeadError, match="'first': its engine died"):
        await reading
    with pytest.raises(EngineDeadError):
        await host.check()
