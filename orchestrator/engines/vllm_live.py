"""A thin adapter around vLLM's `AsyncLLM`: start, ask, reload, end."""

from __future__ import annotations

import asyncio
import itertools
import logging
import traceback
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import vllm
from vllm import PoolingParams, SamplingParams
from vllm.config import ModelConfig
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.inputs import tokens_input
from vllm.lora.request import LoRARequest
from vllm.platforms import current_platform
from vllm.v1.engine.async_llm import AsyncLLM

from orchestrator.engines.canary import Conditions, Greedy
from orchestrator.engines.vllm_greedy import (
    greedy_params,
    read_greedy,
    read_repeated,
    repeat_params,
)
from orchestrator.engines.vllm_request import Request
from orchestrator.engines.vllm_settings import engine_arguments
from orchestrator.errors import EngineDeadError, SwapError
from orchestrator.registry.models import Expert

#: Longest reload, seconds: one that takes longer hangs, and the engine is restarted.
RELOAD_TIMEOUT_S = 300.0

_logger = logging.getLogger(__name__)

T = TypeVar("T")


class LiveEngine:
    """One running engine; `start` makes it.

    Args:
        engine: vLLM's.
    """

    def __init__(self, engine: AsyncLLM) -> None:
        self.engine = engine
        self._open: set[Request] = set()
        self._numbers = itertools.count()

    @classmethod
    async def start(cls, expert: Expert, source: str, *, max_lora_rank: int = 0) -> LiveEngine:
        """Start an engine with the weights in `source`; takes 15 to 100 seconds.

        Args:
            expert: whose settings the engine has.
            source: folder or hub id of the weights.
            max_lora_rank: of adapters it makes room for, where `expert` has `max_loras`.

        Raises:
            EngineDeadError: vLLM could not start it.
        """
        arguments = engine_arguments(
            expert, source=source, on_cpu=is_on_cpu(), max_lora_rank=max_lora_rank
        )
        try:
            engine = await asyncio.to_thread(
                lambda: AsyncLLM.from_engine_args(AsyncEngineArgs(**arguments))
            )
        except Exception as exc:
            traceback.clear_frames(exc.__traceback__)  # they hold sockets that vLLM left open
            raise EngineDeadError(
                f"expert {expert.id!r}: its engine could not start from {source}: "
                f"{type(exc).__name__}: {exc}"
            ) from exc
        return cls(engine)

    @property
    def conditions(self) -> Conditions:
        """What log-probabilities of this engine depend on besides the weights."""
        return conditions_of(self.engine.model_config)

    @property
    def takes_adapters(self) -> bool:
        """Whether it was started with room for adapters."""
        return self.engine.vllm_config.lora_config is not None

    @property
    def num_unfinished(self) -> int:
        """Requests vLLM has not ended."""
        return int(self.engine.get_num_unfinished_requests())

    def check(self) -> None:
        """Raise `EngineDeadError` when the engine is gone."""
        if self.engine.errored:
            raise EngineDeadError("the vLLM engine is dead; see its log for the cause")

    async def submit(
        self,
        request_id: str,
        *,
        prompt_token_ids: list[int],
        params: SamplingParams | PoolingParams,
        timeout_s: float | None = None,
        lora: LoRARequest | None = None,
    ) -> Request:
        """Begin a request, on an adapter if one is named; whoever calls must `close` it."""
        unique_id = f"{request_id}.{next(self._numbers)}"
        try:
            queue = await self.engine.add_request(
                unique_id, tokens_input(prompt_token_ids), params, lora_request=lora
            )
        except asyncio.CancelledError:
            await self.engine.abort(unique_id)
            raise
        request = Request(self.engine, queue, timeout_s=timeout_s, open_requests=self._open)
        self._open.add(request)
        return request

    async def greedy(
        self, prompt_token_ids: Sequence[int], *, lora: LoRARequest | None = None
    ) -> Greedy:
        """Continue `prompt_token_ids` greedily by `NUM_TOKENS` tokens, whatever they are."""
        params = greedy_params()
        request = await self.submit(
            "canary", prompt_token_ids=list(prompt_token_ids), params=params, lora=lora
        )
        try:
            return read_greedy(await request.next())
        finally:
            await request.close()

    async def repeat(self, prompt_token_ids: Sequence[int], token_ids: Sequence[int]) -> Greedy:
        """What `greedy` would say, as long as it says `token_ids`, in one step.

        The continuation is read as a prompt, and what is likeliest after each of its tokens is
        what greedy decoding would take there. To decode eight costs as much as the reload.
        """
        prompt = [*prompt_token_ids, *token_ids]
        request = await self.submit("canary", prompt_token_ids=prompt, params=repeat_params())
        try:
            return read_repeated(await request.next(), num_tokens=len(token_ids))
        finally:
            await request.close()

    async def reload(self, folder: Path) -> None:
        """Turn the engine into the sibling whose weights lie in `folder`.

        The order is what makes it exact: without the pause a running request would end as a
        hybrid of two experts, and without the reset its blocks would poison the prefix cache.

        Raises:
            SwapError: any step failed; the engine must be restarted.
        """
        try:
            async with asyncio.timeout(RELOAD_TIMEOUT_S):
                is_reset = await self._unless_dead(self._reload(folder))
        except Exception as exc:
            raise SwapError(f"reload from {folder} failed: {type(exc).__name__}: {exc}") from exc
        if not is_reset:
            raise SwapError(f"reload from {folder}: the prefix cache could not be reset")

    async def _reload(self, folder: Path) -> bool:
        """The steps, and whether the prefix cache was reset."""
        await self._pause()
        await self.engine.collective_rpc("reload_weights", kwargs={"weights_path": str(folder)})
        is_reset = await self.engine.reset_prefix_cache()
        await self.engine.resume_generation()
        return bool(is_reset)

    async def _unless_dead(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` gives; `EngineDeadError` as soon as the engine dies.

        vLLM's client fails the requests of an engine that dies and forgets who waits for anything
        else of it (v1/engine/core_client.py, `process_outputs_socket`), so they would wait for
        ever. Its reader of outputs ends then.
        """
        self.check()
        task = asyncio.ensure_future(work)
        reader = self.engine.output_handler
        try:
            ends = {task} if reader is None else {task, reader}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise EngineDeadError("the vLLM engine died meanwhile; see its log for the cause")
        finally:
            task.cancel()

    async def _pause(self) -> None:
        """Let the requests in flight end, take no others, and forget what was cached.

        As `AsyncLLM.pause_generation(mode="wait", clear_cache=True)` does, but for the 20 ms that
        it sleeps at the end, half of a swap: those let callers read their last outputs first, and
        ours are read in any order, since outputs carry no weights.
        """
        await self.engine.renderer.clear_mm_cache_async()
        await self.engine.engine_core.pause_scheduler_async(mode="wait", clear_cache=True)

    async def add(self, name: str, folder: Path) -> LoRARequest:
        """Load an adapter onto the weights; requests in flight wait for a step of it.

        Each load has a name and a number of its own. vLLM keeps blocks of the prefix cache by name
        and path, so what an adapter left there, before it was taken away or trained anew, is never
        met again.

        Raises:
            SwapError: vLLM refused it and goes on without.
        """
        number = next(self._numbers) + 1
        lora = LoRARequest(lora_name=f"{name}#{number}", lora_int_id=number, lora_path=str(folder))
        try:
            async with asyncio.timeout(RELOAD_TIMEOUT_S):
                is_added = await self._unless_dead(self.engine.add_lora(lora))
        except Exception as exc:
            raise SwapError(f"adapter {folder} failed: {type(exc).__name__}: {exc}") from exc
        if not is_added:
            raise SwapError(f"adapter {folder}: vLLM did not add it")
        return lora

    async def remove(self, lora: LoRARequest) -> None:
        """Take an adapter away; no request may run on it.

        Raises:
            SwapError: vLLM failed.
        """
        try:
            await self._unless_dead(self.engine.remove_lora(lora.lora_int_id))
        except Exception as exc:
            raise SwapError(
                f"adapter {lora.lora_name!r} could not be taken away: {type(exc).__name__}: {exc}"
            ) from exc

    async def close(self) -> None:
        """End the engine's processes; requests in flight fail with `EngineDeadError`."""
        for request in tuple(self._open):
            request.fail(EngineDeadError("the engine was shut down with this request in flight"))
        if self.engine.output_handler is not None:
            self.engine.output_handler.cancel()  # it would log the end as a crash
        await asyncio.to_thread(self.engine.shutdown)
        await asyncio.sleep(0)  # its sockets are closed by a callback of this loop
        self.engine.engine_core.resources.ctx.destroy(linger=0)


def is_on_cpu() -> bool:
    """Whether the installed vLLM runs on a CPU."""
    return bool(current_platform.is_cpu())


def conditions_of(model_config: ModelConfig) -> Conditions:
    """What log-probabilities of an engine of this configuration depend on."""
    dtype = str(model_config.dtype).removeprefix("torch.")
    return Conditions(vllm=vllm.__version__, dtype=dtype, device=current_platform.device_type)
