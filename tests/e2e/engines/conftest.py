import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator.engines.canary import CanaryFile
from orchestrator.engines.lineage import Lineage, lineages
from orchestrator.engines.vllm import start_vllm
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert
from tests.e2e.engines.tiny import write_tiny

ENGINE = VllmEngine(max_model_len=256, kv_cache_gib=0.1)

#: `other` has another tokenizer; `rotten` and `spoilt` are there to be broken; `brief` is `first`,
#: but that it ends at a token that `first` goes on from.
SEEDS = {"first": 1, "second": 2, "other": 3, "rotten": 4}


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
    write_brief(root)
    return root


def write_brief(root: Path) -> None:
    folder = root / "brief"
    shutil.copytree(root / "first", folder)
    canary = CanaryFile.model_validate_json((folder / "canary.json").read_bytes()).canaries[0]
    for path in (folder / "config.json", folder / "generation_config.json"):
        content = json.loads(path.read_bytes()) | {"eos_token_id": end_of_brief(canary.token_ids)}
        path.write_text(json.dumps(content))


def end_of_brief(token_ids: Sequence[int]) -> int:
    """The first token after the first that `first` says and has not said before."""
    return next(
        one for place, one in enumerate(token_ids) if place and one not in token_ids[:place]
    )


@pytest.fixture(scope="session")
def lineage(models) -> Lineage:
    names = [*SEEDS, "spoilt", "brief"]
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
