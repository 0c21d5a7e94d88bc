"""How a worker starts an engine."""

from __future__ import annotations

from orchestrator.engines import fetched
from orchestrator.engines.host import Host
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.vllm import start_vllm


async def open_vllm(lineage: Lineage) -> Host:
    """Start vLLM for `lineage`, once its models are on this machine and verified.

    Raises:
        ModelError: a model cannot be fetched.
        WeightsError: it is not what it should be.
        EngineDeadError: it does not start.
        MissingExtraError: vLLM is not installed.
    """
    await fetched.brought(lineage.experts)
    return await start_vllm(lineage)
