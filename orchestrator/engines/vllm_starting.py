"""Starting a vLLM engine, and why it did not start."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import traceback
from copy import deepcopy
from pathlib import Path
from typing import Any

from vllm.config.logging import LoggingConfig
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.logger import DEFAULT_LOGGING_CONFIG
from vllm.v1.engine.async_llm import AsyncLLM

from orchestrator.engines.out_of_memory import out_of_memory
from orchestrator.engines.rungs import AWAKE, SLEEPS
from orchestrator.engines.vllm_live import LiveEngine, can_sleep, is_on_cpu
from orchestrator.engines.vllm_settings import engine_arguments
from orchestrator.errors import EngineDeadError, OutOfMemoryError
from orchestrator.registry.models import Expert

#: How a traceback names what was raised; the first one logged is nearest to the cause.
_RAISED = re.compile(r"^[\w.]*(?:Error|Exception): .+", re.MULTILINE)
_MAX_SHOWN = 400


async def start_live(expert: Expert, source: str, *, max_lora_rank: int = 0) -> LiveEngine:
    """Start an engine with the weights in `source`; takes 15 to 100 seconds.

    Args:
        expert: whose settings the engine has.
        source: folder or hub id of the weights.
        max_lora_rank: of adapters it makes room for, where `expert` has `max_loras`.

    Raises:
        OutOfMemoryError: there is too little memory for it.
        EngineDeadError: vLLM could not start it for another reason.
    """
    sleeps = can_sleep()
    arguments = engine_arguments(
        expert, source=source, on_cpu=is_on_cpu(), sleeps=sleeps, max_lora_rank=max_lora_rank
    )
    starting = asyncio.ensure_future(asyncio.to_thread(_start, expert, source, arguments))
    try:
        engine = await asyncio.shield(starting)
    except asyncio.CancelledError:
        starting.add_done_callback(_end)  # a thread cannot be cancelled
        raise
    if is_on_cpu():
        await engine.collective_rpc("spare_seeds")
    num_ranks = engine.vllm_config.parallel_config.world_size
    return LiveEngine(
        engine,
        rungs=SLEEPS if sleeps else AWAKE,
        num_ranks=num_ranks,
        repacks=is_on_cpu(),
        keeps=is_on_cpu() and engine.vllm_config.quant_config is None,
    )


def _start(expert: Expert, source: str, arguments: dict[str, Any]) -> AsyncLLM:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "faults.log"
        given = {**_logging_to(log), **arguments}
        try:
            return AsyncLLM.from_engine_args(AsyncEngineArgs(**given))
        except Exception as exc:
            traceback.clear_frames(exc.__traceback__)  # they hold sockets that vLLM left open
            raise _failure(expert, source, exc, log) from exc


def _end(starting: asyncio.Future[AsyncLLM]) -> None:
    """End an engine that came up after its start was given up."""
    if not starting.cancelled() and starting.exception() is None:
        asyncio.get_running_loop().run_in_executor(None, starting.result().shutdown)


def _logging_to(log: Path) -> dict[str, Any]:
    """Arguments with which the engine's processes write their errors to `log`, too.

    What ends a start is told to their log alone: who waits for it hears `See root cause above`
    (0.32.0, `v1/engine/utils.py`, `wait_for_engine_startup`). The file is opened when logging is
    set up and its name goes with the folder, once the engine runs.
    """
    if (given := LoggingConfig()).pylogging_config_file or not given.configure_logging:
        return {}  # the operator's own way of logging
    form: dict[str, Any] = deepcopy(DEFAULT_LOGGING_CONFIG)
    form["formatters"]["plain"] = {"format": "%(message)s"}
    form["handlers"]["faults"] = {
        "class": "logging.FileHandler",
        "filename": str(log),
        "formatter": "plain",
        "level": "ERROR",
    }
    form["loggers"]["vllm"]["handlers"].append("faults")
    config = log.with_suffix(".json")
    config.write_text(json.dumps(form), encoding="utf-8")
    return {"logging_config": LoggingConfig(pylogging_config_file=str(config))}


def _failure(
    expert: Expert, source: str, exc: Exception, log: Path
) -> EngineDeadError | OutOfMemoryError:
    told = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    what = f"expert {expert.id!r}: its engine could not start from {source}"
    if (words := out_of_memory(f"{exc}\n{told}")) is not None:
        return OutOfMemoryError(f"{what}, there is too little memory: {words[:_MAX_SHOWN]}")
    cause = _RAISED.search(told)
    shown = cause.group()[:_MAX_SHOWN] if cause else f"{type(exc).__name__}: {exc}"
    return EngineDeadError(f"{what}: {shown}")
