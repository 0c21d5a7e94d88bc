"""Models whose output head is their embeddings: on a CPU vLLM keeps a packed copy of the head."""

import os
import subprocess
import sys

import psutil
import pytest

from orchestrator.engines.canary import recorded
from orchestrator.engines.lineage import lineages
from orchestrator.engines.vllm import start_vllm
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert
from tests.e2e.engines.tiny import write_tiny

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def lineage(tmp_path_factory):
    root = tmp_path_factory.mktemp("tied")
    for seed, name in enumerate(("first", "second")):
        write_tiny(root / name, seed=seed, is_tied=True)
    command = [sys.executable, "-m", "orchestrator.engines.record_canary"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    folders = [str(root / name) for name in ("first", "second")]
    subprocess.run([*command, *folders], check=True, env=environment, capture_output=True)
    engine = VllmEngine(max_model_len=256, kv_cache_gib=0.1, max_loras=1)
    experts = [Expert(id=name, model=name, engine=engine) for name in ("first", "second")]
    (found,) = lineages(experts, root)
    return found


def engines():
    children = psutil.Process().children(recursive=True)
    return {child.pid for child in children if child.name().startswith("VLLM::EngineCor")}


async def test_each_speaks_as_from_a_fresh_engine_after_swaps_in_place(lineage):
    """The canaries, which `become` compares with, are of fresh engines; a restart would hide it."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    assert all(recorded(lineage.folder(expert)) for expert in lineage.experts)
    host = await start_vllm(lineage)
    begun = engines()

    for name in ("second", "first", "second"):
        await host.become(lineage.expert(name))

    assert (engines(), [one.id for one in host.residents]) == (begun, ["second"])
    await host.close()
