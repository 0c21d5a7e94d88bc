import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.engines.lineage import Lineage, lineages
from orchestrator.engines.vllm import start_vllm
from orchestrator.registry.models import Expert, VllmEngine
from tests.e2e.engines.tiny import write_tiny

ENGINE = VllmEngine(max_model_len=256, kv_cache_gib=0.1)

#: `other` has another tokenizer; `spoilt` is there to be broken.
SEEDS = {"first": 1, "second": 2, "other": 3}


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """Siblings with canaries recorded from fresh engines by the shipped command."""
    root = tmp_path_factory.mktemp("models")
    for name, seed in SEEDS.items():
        write_tiny(root / name, seed=seed, extra=("<other>",) if name == "other" else ())
    command = [sys.executable, "-m", "orchestrator.engines.record_canary"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    folders = [str(root / name) for name in SEEDS]
    subprocess.run([*command, *folders], check=True, env=environment, capture_output=True)
    shutil.copytree(root / "second", root / "spoilt")
    return root


@pytest.fixture(scope="session")
def lineage(models) -> Lineage:
    names = [*SEEDS, "spoilt"]
    experts = [Expert(id=name, model=name, engine=ENGINE) for name in names]
    (found,) = lineages(experts, models)
    return found


@pytest.fixture(scope="session")
async def host(lineage):
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    host = await start_vllm(lineage)
    yield host
    await host.close()


@pytest.fixture
async def resident(host, lineage):
    """Make the host the expert named, whatever a test before left."""

    async def become(name: str):
        if [one.id for one in host.residents] != [name]:
            await host.become(lineage.expert(name))
        return host

    return become
