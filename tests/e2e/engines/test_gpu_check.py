"""The check for machines with a GPU, on the fake of vLLM's engine: it passes, and it can fail."""

from contextlib import asynccontextmanager
from itertools import count

import pytest

from bench.gpu_check import check, main
from bench.gpu_claims import CLAIMS
from bench.gpu_stage import Sizes, Stage
from orchestrator.engines.fake_vllm import FakeAsyncLLM
from orchestrator.engines.fake_vllm_memory import FakeAccelerator
from orchestrator.engines.lineage import lineages
from orchestrator.engines.rungs import SLEEPS
from orchestrator.errors import OutOfMemoryError
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert
from tests.e2e.engines.tiny import write_tiny
from tests.e2e.engines.tiny_adapters import write_tiny_adapter

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]

#: As `FakeSizes` has them.
SIZES = Sizes(weights=60, kv_cache=40, slack=0)
_LONG = 512


class Unhurried(FakeAsyncLLM):
    """Long answers are in flight for as long as it is awake."""

    async def add_request(self, request_id, prompt, params, *, lora_request=None):
        if params.max_tokens >= _LONG:
            self.scheduler.hold()
        return await super().add_request(request_id, prompt, params, lora_request=lora_request)

    async def sleep(self, level=1, mode="abort"):
        await super().sleep(level, mode)
        self.scheduler.let_go()


class Shared:
    """A fake accelerator that others take memory of."""

    def __init__(self) -> None:
        self.fake = FakeAccelerator(400)

    def used_bytes(self):
        return self.fake.num_bytes - self.fake.num_free

    @asynccontextmanager
    async def hog(self, *, leaves):
        taken = self.fake.num_free - leaves
        self.fake.take("somebody", taken)
        try:
            yield
        finally:
            self.fake.give_back("somebody", taken)


@pytest.fixture(scope="module")
def lineage(tmp_path_factory):
    root = tmp_path_factory.mktemp("gpu")
    for seed, name in enumerate(("first", "second")):
        write_tiny(root / name, seed=seed)
    write_tiny_adapter(root / "formal", seed=7)
    engine = VllmEngine(max_model_len=1024, kv_cache_gib=0.1, max_loras=1)
    first, second = (Expert(id=name, model=name, engine=engine) for name in ("first", "second"))
    told = {"id": "formal", "base": "first", "adapter": "formal"}
    (found,) = lineages([first, second, first.model_copy(update=told)], root)
    return found


def stage_of(lineage, kind) -> Stage:
    device, numbers = Shared(), count()

    async def begin(lineage, expert):
        from orchestrator.engines.vllm_host import VllmRunning
        from orchestrator.engines.vllm_live import LiveEngine

        folder, name = str(lineage.folder(expert)), f"engine {next(numbers)}"
        try:
            engine = kind(folder, accelerator=device.fake, name=name, dtype=f"fake {kind}")
        except RuntimeError as exc:
            raise OutOfMemoryError(str(exc)) from exc
        return VllmRunning(lineage, LiveEngine(engine, rungs=SLEEPS), expert)

    return Stage(lineage, begin, device=device, sizes=SIZES)


async def test_every_claim_holds_of_an_engine_as_vllm_is_read(lineage):
    found = await check(stage_of(lineage, Unhurried))

    assert {name: one["seen"] for name, one in found.items() if not one["holds"]} == {}
    assert found.keys() == CLAIMS.keys()


class Leaky(Unhurried):
    """Another vLLM: its sleep lets nothing go, and what runs goes on."""

    async def sleep(self, level=1, mode="abort"):
        await self.pause_generation(mode="wait")


async def test_an_engine_that_lets_nothing_go_breaks_claims_and_the_others_are_still_tried(lineage):
    found = await check(stage_of(lineage, Leaky), timeout_s=3.0)

    broken = [name for name, one in found.items() if not one["holds"]]
    assert "asleep, it wakes up as itself" in broken
    assert found["asleep, it wakes up as itself"]["seen"].startswith("BrokenError: sleep freed 0.0")
    assert found["siblings are swapped in place"]["holds"]


def test_without_a_gpu_it_says_so_and_checks_nothing(capsys, tmp_path):
    ended = main(["--out", str(tmp_path / "gpu.json")])

    assert ended == 2
    assert "'cpu' here: this check needs an NVIDIA GPU" in capsys.readouterr().err
    assert not (tmp_path / "gpu.json").exists()
