"""The host on vLLM: one live engine that becomes any expert of its lineage."""

from __future__ import annotations

import asyncio
import importlib
import threading

from orchestrator.engines.lineage import Lineage
from orchestrator.engines.sibling_host import SiblingHost
from orchestrator.engines.vllm_settings import prepare_environment
from orchestrator.errors import MissingExtraError, RegistryError

_IMPORTING = threading.Lock()


async def start_vllm(lineage: Lineage, *, first: str | None = None) -> SiblingHost:
    """Start an engine for `lineage` and prove that it holds the first expert's weights.

    Adapters on them are added at once, as many as there is room for.

    vLLM is imported here and not before, because it reads its environment when imported; that
    takes some 13 s, and the engine 15 to 100 s more.

    Args:
        lineage: the experts the host can become.
        first: id of the expert to start with, no adapter; the lineage's first where left out.

    Raises:
        MissingExtraError: vLLM is not installed.
        RegistryError: `first` is not of the lineage, or tokenizer or parser cannot be used.
        OutOfMemoryError: there is too little memory for the engine.
        EngineDeadError: vLLM could not start for another reason.
        SwapError: the weights are not what the expert's recorded canary says.
    """
    expert = lineage.experts[0] if first is None else lineage.expert(first)
    if expert is None:
        known = [member.id for member in lineage.experts]
        raise RegistryError(f"expert {first!r} is not of lineage {lineage.id!r}; it has {known}")
    prepare_environment()
    try:
        # In a thread, since it takes 13 s in which a worker has to answer health checks.
        await asyncio.to_thread(_import_vllm)
        from orchestrator.engines.vllm_host import begin
    except ModuleNotFoundError as exc:
        raise MissingExtraError(
            f"expert {expert.id!r} needs vLLM ({exc.name} is missing): install the extra `cpu` "
            "or `gpu`, as in `pip install orchestrator[cpu]`"
        ) from exc
    host = SiblingHost(lineage, begin)
    await host.start(expert)
    await host.add_known()
    return host


def _import_vllm() -> None:
    """One thread at a time: the engines of a slot start together.

    Threads that import parts of vLLM and torch beside each other take the locks of modules in
    different orders; a worker was seen to stand still in it until it was replaced.
    """
    with _IMPORTING:
        importlib.import_module("orchestrator.engines.vllm_host")
