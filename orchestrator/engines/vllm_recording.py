"""Canaries of fresh engines, one after another in this process."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vllm import LLM
from vllm.distributed import cleanup_dist_env_and_memory
from vllm.inputs import tokens_input

from orchestrator.engines import fetched
from orchestrator.engines.canaries import record_canary
from orchestrator.engines.canary import Canary, Conditions, Greedy
from orchestrator.engines.notes import keep_canary
from orchestrator.engines.vllm_expert import load_tokenizer
from orchestrator.engines.vllm_live import conditions_of, greedy_params, is_on_cpu, read_greedy
from orchestrator.engines.vllm_settings import engine_arguments
from orchestrator.registry.models import Expert, VllmEngine
from orchestrator.registry.weights import read_checkpoint

_MAX_MODEL_LEN = 64
_KV_CACHE_GIB = 0.05


async def record_folder(folder: Path, *, dtype: Any = "auto") -> Canary:
    """Load `folder` into a fresh engine, record its canary and store it beside the weights.

    Raises:
        SwapError: the folder holds no readable checkpoint.
        RegistryError: it holds no fast tokenizer.
    """
    read_checkpoint(folder)
    settings = VllmEngine(max_model_len=_MAX_MODEL_LEN, kv_cache_gib=_KV_CACHE_GIB, dtype=dtype)
    expert = Expert(id=folder.name, model=str(folder), engine=settings)
    backend = load_tokenizer(expert, str(folder)).backend_tokenizer
    arguments = engine_arguments(expert, source=str(folder), on_cpu=is_on_cpu())
    engine = _InProcess(LLM(**arguments))
    try:
        canary = await record_canary(engine, backend)
    finally:
        engine.close()
    keep_canary(folder, canary, fetched.notebook())
    return canary


class _InProcess:
    """vLLM's synchronous engine, as far as canaries need one."""

    def __init__(self, llm: LLM) -> None:
        self._llm: LLM | None = llm

    @property
    def conditions(self) -> Conditions:
        assert self._llm is not None
        return conditions_of(self._llm.llm_engine.model_config)

    async def greedy(self, prompt_token_ids: Sequence[int]) -> Greedy:
        assert self._llm is not None
        (output,) = self._llm.generate(
            [tokens_input(list(prompt_token_ids))], greedy_params(), use_tqdm=False
        )
        return read_greedy(output)

    def close(self) -> None:
        self._llm = None
        gc.collect()
        cleanup_dist_env_and_memory()
