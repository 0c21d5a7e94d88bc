"""How an engine is started: vLLM's arguments and environment, from the registry's settings."""

from __future__ import annotations

import logging
import os
from typing import Any

from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert
from orchestrator.registry.reckoning import lora_places

_logger = logging.getLogger(__name__)

#: Overrides `kv_cache_memory_bytes` with whole GiB when set, so it may not be.
_KV_OVERRIDE = "VLLM_CPU_KVCACHE_SPACE"

#: On a CPU vLLM takes `uni` for `mp`, since only that can bind threads, and makes two processes of
#: each engine, which wait for one another in busy loops, on a core each.
_ONE_PROCESS = "vllm.v1.executor.uniproc_executor.UniProcExecutor"

#: Threads are left to the scheduler: binding them fails where several engines share cores.
_BINDING, _UNBOUND = "VLLM_CPU_OMP_THREADS_BIND", "nobind"

#: Where vLLM's log lines go: the stream of the process itself. Ray Serve puts a logger in place of
#: `sys.stdout`, and a handler that logs while it holds its own lock waits for ever on a thread that
#: sets up logging, as each engine's start does (`logging.config` takes both locks the other way).
_STREAM = "ext://sys.__stdout__"
_ENVIRONMENT = {
    _BINDING: _UNBOUND,
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_STREAM": _STREAM,
}

#: What `LiveEngine` asks workers for beside their own.
_TAUGHT = "orchestrator.engines.vllm_worker.Taught"

#: Share of a device that has to be free at a start. With an explicit size of the cache vLLM uses it
#: for nothing else, but the default, 0.92, refuses every engine beside another one (0.32.0,
#: v1/worker/utils.py, `request_memory`).
_UTILISATION = 0.01


def prepare_environment() -> None:
    """Set what vLLM reads when it is imported, in this process and its children.

    What the operator has set stays, except what would override the registry.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    overridden = os.environ.pop(_KV_OVERRIDE, None)
    if overridden is not None:
        _logger.warning(
            "%s=%s is ignored: engine.kv_cache_gib of the registry sets the size of the cache",
            _KV_OVERRIDE,
            overridden,
        )


def _binds_threads() -> bool:
    return os.environ.get(_BINDING, _UNBOUND) != _UNBOUND


def engine_arguments(
    expert: Expert, *, source: str, on_cpu: bool, sleeps: bool = False, max_lora_rank: int = 0
) -> dict[str, Any]:
    """Arguments of vLLM's `AsyncEngineArgs` for an engine that starts with `expert`.

    It takes adapters where the registry says how many (`max_loras`), up to `max_lora_rank`.

    `kv_cache_memory_bytes` is explicit, so that engines on one device do not take what others
    have left. Where its platform can, it is started such that it `sleeps`. On a CPU `auto` is
    float32: bfloat16 dies of SIGILL where AMX is announced but not granted; and nothing is
    compiled, which costs more than it saves on small experts.
    `generation_config="vllm"` keeps defaults of the first expert's folder from its siblings.
    """
    engine = expert.engine
    assert isinstance(engine, VllmEngine)
    arguments: dict[str, Any] = {
        "model": source,
        "dtype": "float32" if on_cpu and engine.dtype == "auto" else engine.dtype,
        "max_model_len": engine.max_model_len,
        "kv_cache_memory_bytes": round(engine.kv_cache_gib * 2**30),
        "tensor_parallel_size": engine.tensor_parallel,
        "trust_remote_code": engine.trust_remote_code,
        "generation_config": "vllm",
        "disable_log_stats": True,
        "worker_extension_cls": _TAUGHT,
    }
    if expert.embeds:
        arguments["runner"] = "pooling"
    if on_cpu:
        arguments["enforce_eager"] = True
    else:
        arguments["gpu_memory_utilization"] = _UTILISATION
    if sleeps:
        arguments["enable_sleep_mode"] = True
    if engine.tensor_parallel > 1:
        # Its ranks are processes of the slot's own worker, which has all accelerators: left to
        # itself vLLM asks Ray for them where it finds itself in a placement group.
        arguments["distributed_executor_backend"] = "mp"
    if on_cpu and engine.tensor_parallel == 1 and not _binds_threads():
        arguments["distributed_executor_backend"] = _ONE_PROCESS
    if engine.max_loras is not None:
        arguments |= {
            "enable_lora": True,
            "max_loras": lora_places(engine, on_cpu=on_cpu),
            "max_lora_rank": max_lora_rank,
        }
    return arguments | engine.args
