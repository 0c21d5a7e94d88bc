"""Siblings of a hub on a real engine: fetched, swapped in place, proved by what was learnt."""

import pytest

from orchestrator.engines import fetched
from orchestrator.engines.lineage import lineages
from orchestrator.engines.vllm_settings import prepare_environment
from orchestrator.engines.weights import fingerprint
from orchestrator.registry.models import Expert
from orchestrator.service.hosts import open_vllm
from tests.e2e.engines.conftest import ENGINE
from tests.integration.checkpoints.hub_server import Hub

NAMES = ("first", "second")

# torch's own, when vLLM is imported.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


@pytest.fixture
def hub(models, tmp_path, monkeypatch):
    """The tiny siblings on a hub, without their canaries."""
    prepare_environment()
    hub = Hub()
    for name in NAMES:
        files = {path.name: path.read_bytes() for path in (models / name).iterdir()}
        del files["canary.json"]
        hub.put(f"org/{name}", files)
    server = hub.serve()
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("ORCHESTRATOR_MODELS_DIR", str(tmp_path / "library"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield hub
    server.shutdown()
    server.server_close()


async def test_siblings_of_a_hub_are_fetched_and_become_one_another(hub, tmp_path):
    experts = [Expert(id=name, model=f"org/{name}", engine=ENGINE) for name in NAMES]
    fetched.sketch(experts)
    (lineage,) = lineages(experts, tmp_path)

    host = await open_vllm(lineage)
    try:
        await host.become(experts[1])
        await host.become(experts[0])
        await host.become(experts[1])
    finally:
        await host.close()

    known = [fetched.notebook().read(fingerprint(lineage.folder(expert))) for expert in experts]
    loads = [{load.kind: load.num_loads for load in notes.loads} for notes in known]
    # The second time the engine kept what it had read, and nothing is learnt of files.
    assert loads == [{"start": 1, "reload": 1}, {"reload": 1}]
    assert [len(notes.canaries) for notes in known] == [1, 0]
    assert all(hub.num_bytes_sent[name] for name in ("model.safetensors", "tokenizer.json"))
