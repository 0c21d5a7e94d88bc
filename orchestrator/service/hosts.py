"""How a worker starts an engine."""

from __future__ import annotations

import asyncio
import contextlib
import importlib

from orchestrator.engines import fetched
from orchestrator.engines.host import Host
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.vllm import start_vllm
from orchestrator.engines.vllm_settings import prepare_environment


async def open_vllm(lineage: Lineage) -> Host:
    """Start vLLM for `lineage`, once its models are on this machine and verified.

    Raises:
        ModelError: a model cannot be fetched.
        WeightsError: it is not what it should be.
        EngineDeadError: it does not start.
        MissingExtraError: vLLM is not installed.
    """
    await fetched.brought(lineage.experts)
    prepare_environment()
    # In a thread: it takes 13 s, and the worker says meanwhile how far it is. Where vLLM is
    # missing, `start_vllm` says so.
    with contextlib.suppress(ModuleNotFoundError):
        await asyncio.to_thread(importlib.import_module, "orchestrator.engines.vllm_host")
    return await start_vllm(lineage)
