"""The rungs of a host on vLLM, on a fake of its engine: no machine of ours has a GPU.

Everything but the engine is real: hosts, adapters, canaries, tokenizers and vLLM's parameters.
"""

import asyncio
import shutil

import pytest

from orchestrator.engines.base import Call, Sampling, Text
from orchestrator.engines.canaries import record_canary
from orchestrator.engines.canary import store_canary
from orchestrator.engines.collecting import collect
from orchestrator.engines.fake_vllm import FakeAsyncLLM
from orchestrator.engines.fake_vllm_memory import FakeAccelerator
from orchestrator.engines.lineage import Lineage, lineages
from orchestrator.engines.rungs import SLEEPS
from orchestrator.engines.sibling_host import SiblingHost
from orchestrator.errors import EngineDeadError, NotHostedError, OutOfMemoryError, SwapError
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert
from tests.e2e.engines.tiny import tiny_tokenizer, write_tiny
from tests.e2e.engines.tiny_adapters import write_tiny_adapter

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]

ENGINE = VllmEngine(max_model_len=256, kv_cache_gib=0.1, max_loras=2)
#: Unlike any type of vLLM's, so that no canary of a real engine is taken for the fake's.
DTYPE = "fake"


@pytest.fixture(scope="module")
async def lineage(tmp_path_factory) -> Lineage:
    """Siblings with canaries of fresh engines, and an adapter on the first."""
    from orchestrator.engines.vllm_live import LiveEngine

    root = tmp_path_factory.mktemp("ladder")
    for seed, name in enumerate(("first", "second")):
        write_tiny(root / name, seed=seed)
        fresh = LiveEngine(FakeAsyncLLM(str(root / name), dtype=DTYPE))
        backend = tiny_tokenizer().backend_tokenizer
        store_canary(root / name, await record_canary(fresh, backend))
    write_tiny_adapter(root / "formal", seed=7)
    first, second = (Expert(id=name, model=name, engine=ENGINE) for name in ("first", "second"))
    formal = first.model_copy(update={"id": "formal", "base": "first", "adapter": "formal"})
    (found,) = lineages([first, second, formal], root)
    return found


class Slot:
    """Where hosts start: one accelerator, and the engine that was started last."""

    def __init__(self, kind=FakeAsyncLLM) -> None:
        self.accelerator = FakeAccelerator(200)
        self.kind = kind
        self.num_starts = 0

    async def begin(self, lineage, expert):
        from orchestrator.engines.vllm_host import VllmRunning
        from orchestrator.engines.vllm_live import LiveEngine

        self.num_starts += 1
        folder = str(lineage.folder(expert))
        try:
            self.engine = self.kind(folder, accelerator=self.accelerator, dtype=DTYPE)
        except RuntimeError as exc:
            raise OutOfMemoryError(str(exc)) from exc
        return VllmRunning(lineage, LiveEngine(self.engine, rungs=SLEEPS), expert)


async def started(lineage, slot) -> SiblingHost:
    host = SiblingHost(lineage, slot.begin)
    await host.start(lineage.expert("first"))
    await host.add_known()
    return host


@pytest.fixture
def slot():
    return Slot()


@pytest.fixture
async def host(lineage, slot):
    return await started(lineage, slot)


def call(expert):
    prompt = Text(token_ids=(1, 2, 3))
    sampling = Sampling(temperature=0.0, max_tokens=8)
    return Call(id="c", expert=expert, generation=1, prompt=prompt, sampling=sampling)


async def said(host, expert):
    (choice,) = (await collect(host.generate(call(expert)))).choices
    return choice.text


async def fresh(lineage, name):
    host = SiblingHost(lineage, Slot().begin)
    await host.start(lineage.expert(name))
    return await said(host, name)


@pytest.mark.parametrize("rung", ["asleep", "weightless"])
@pytest.mark.parametrize("name", ["first", "second"])
async def test_what_wakes_up_speaks_as_a_fresh_engine_and_holds_as_much(
    host, slot, lineage, rung, name
):
    await said(host, "first")
    before = slot.engine.num_device_bytes

    await host.sleep(rung)
    await host.wake(lineage.expert(name))

    assert await said(host, name) == await fresh(lineage, name)
    assert (slot.engine.num_device_bytes, slot.num_starts) == (before, 1)


async def test_adapters_are_proved_after_a_sleep_in_host_memory_and_gone_after_a_load(
    host, lineage
):
    before = await said(host, "formal")

    await host.sleep("asleep")
    await host.wake(lineage.expert("first"))
    kept = await said(host, "formal")
    await host.sleep("weightless")
    await host.wake(lineage.expert("first"))

    assert kept == before
    assert [expert.id for expert in host.residents] == ["first"]


async def test_a_reload_that_did_nothing_is_heard_and_the_engine_started_anew(lineage):
    class Forgetful(FakeAsyncLLM):
        async def collective_rpc(self, method, timeout=None, args=(), kwargs=None):
            if method == "reload_weights":
                return [None]
            return await super().collective_rpc(method, timeout, args, kwargs)

    slot = Slot(Forgetful)
    host = await started(lineage, slot)
    await host.sleep("weightless")

    await host.wake(lineage.expert("second"))

    assert await said(host, "second") == await fresh(lineage, "second")
    assert slot.num_starts == 2


@pytest.mark.parametrize(("rung", "taken"), [("asleep", 150), ("weightless", 106)])
async def test_without_room_it_sleeps_on_and_wakes_up_once_there_is(
    host, slot, lineage, rung, taken
):
    await host.sleep(rung)
    slot.accelerator.take("somebody", taken)

    with pytest.raises(OutOfMemoryError, match=f"CUDA Error: out of memory; it is {rung}"):
        await host.wake(lineage.expert("second"))
    assert slot.engine.num_device_bytes == 10
    slot.accelerator.give_back("somebody", taken)
    await host.wake(lineage.expert("first"))

    assert await said(host, "first") == await fresh(lineage, "first")
    assert slot.num_starts == 1


async def test_a_load_without_room_restarts_the_engine(host, slot, lineage):
    await host.sleep("weightless")
    slot.accelerator.take("somebody", 115)

    with pytest.raises(EngineDeadError, match="does not start with 'first' either: CUDA Error"):
        await host.wake(lineage.expert("second"))

    assert slot.accelerator.num_free == 85


async def test_memory_by_rung_is_what_the_engine_held(host, lineage):
    await host.sleep("asleep")
    await host.wake(lineage.expert("first"))

    held = {rung: one.device_gib * 2**30 for rung, one in host.footprints.items()}
    assert held == {"serving": 115, "asleep": 10}


async def test_calls_in_flight_end_before_it_sleeps_and_others_are_refused(host, slot, lineage):
    slot.engine.scheduler.hold()
    running = asyncio.create_task(said(host, "first"))
    while not slot.engine.get_num_unfinished_requests():  # noqa: ASYNC110 - vLLM tells nobody
        await asyncio.sleep(0)
    falling = asyncio.create_task(host.sleep("asleep"))
    await asyncio.sleep(0)

    with pytest.raises(NotHostedError):
        await said(host, "first")
    slot.engine.scheduler.let_go()
    await falling

    assert await running == await fresh(lineage, "first")
    assert slot.engine.asked == ["sleep 1 wait"]


async def test_weights_that_were_damaged_meanwhile_are_refused_and_it_sleeps_on(
    lineage, tmp_path, slot
):
    shutil.copytree(lineage.root, tmp_path / "copy", ignore=shutil.ignore_patterns("canary.json"))
    (own,) = lineages(lineage.experts, tmp_path / "copy")
    host = await started(own, slot)
    await host.sleep("weightless")
    path = tmp_path / "copy/second/model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(SwapError, match="truncated"):
        await host.wake(own.expert("second"))

    assert (host.rung, slot.num_starts) == ("weightless", 1)
