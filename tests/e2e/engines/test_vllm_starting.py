"""Why an engine did not start is in the message, not only in vLLM's log."""

import asyncio
import os

import psutil
import pytest

from orchestrator.engines.lineage import lineages
from orchestrator.engines.vllm import start_vllm
from orchestrator.errors import EngineDeadError, OutOfMemoryError
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert
from tests.e2e.engines.tiny import write_tiny

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]


@pytest.fixture
def started(tmp_path):
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    write_tiny(tmp_path / "tiny", seed=1)

    async def start(**engine):
        expert = Expert(id="tiny", model="tiny", engine=VllmEngine(max_model_len=256, **engine))
        (lineage,) = lineages([expert], tmp_path)
        host = await start_vllm(lineage)
        await host.close()

    return start


async def test_a_cache_that_the_machine_has_no_memory_for_is_said_to_be_just_that(started):
    with pytest.raises(
        OutOfMemoryError, match=r"'tiny'.*there is too little memory: Available mem"
    ):
        await started(kv_cache_gib=100_000)


async def test_what_else_ends_a_start_is_told_by_its_cause(started):
    """A cache of no block at all is a setting that is wrong, whatever memory there is."""
    with pytest.raises(EngineDeadError, match=r"'tiny'.*could not start .*ValueError: No avail"):
        await started(kv_cache_gib=0.00001)


def engines():
    """Numbers of those that run; one that was killed stays in the table until it is waited for."""
    children = psutil.Process().children(recursive=True)
    named = [child for child in children if child.name().startswith("VLLM::EngineCor")]
    return {child.pid for child in named if child.status() != psutil.STATUS_ZOMBIE}


async def test_a_start_that_is_given_up_leaves_no_engine_behind(started):
    before = engines()
    starting = asyncio.create_task(started())
    async with asyncio.timeout(250):
        while not engines() - before:  # noqa: ASYNC110 - processes tell nobody
            await asyncio.sleep(0.5)
        starting.cancel()
        while engines() - before:  # noqa: ASYNC110
            await asyncio.sleep(0.5)

    assert starting.cancelled()


async def test_an_engine_on_a_cpu_does_not_sleep(started, tmp_path):
    expert = Expert(id="tiny", model="tiny", engine=VllmEngine(max_model_len=256))
    (lineage,) = lineages([expert], tmp_path)
    host = await start_vllm(lineage)

    assert (host.rungs, host.footprints) == (("serving", "stopped"), {})
    await host.close()
