"""A thin adapter around vLLM's `AsyncLLM`: ask, reload, sleep, wake, end."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import vllm
from vllm import PoolingParams, SamplingParams
from vllm.config import ModelConfig
from vllm.inputs import tokens_input
from vllm.lora.request import LoRARequest
from vllm.platforms import current_platform
from vllm.v1.engine.async_llm import AsyncLLM

from orchestrator.engines import rungs
from orchestrator.engines.canary import Conditions, Greedy
from orchestrator.engines.rungs import AWAKE, STEP_TIMEOUT_S
from orchestrator.engines.vllm_greedy import (
    greedy_params,
    read_greedy,
    read_repeated,
    repeat_params,
)
from orchestrator.engines.vllm_request import Request
from orchestrator.errors import EngineDeadError, SwapError
from orchestrator.residency.state import Footprint, Rung

_GIB = 2**30

T = TypeVar("T")


class LiveEngine:
    """One running engine; `vllm_starting.py` makes it.

    Args:
        engine: vLLM's.
        rungs: those it can take.
        num_ranks: accelerators it spans.
        repacks: see `rungs.reload`.
        keeps: whether it keeps weights that were loaded, see `vllm_worker.py`.
    """

    def __init__(
        self,
        engine: AsyncLLM,
        *,
        rungs: tuple[Rung, ...] = AWAKE,
        num_ranks: int = 1,
        repacks: bool = False,
        keeps: bool = False,
    ) -> None:
        self.engine = engine
        self.rungs = rungs
        #: Where it stands.
        self.rung: Rung = "serving"
        self._num_ranks, self._repacks, self._keeps = num_ranks, repacks, keeps
        self._open: set[Request] = set()
        self._numbers = itertools.count()

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

    async def reload(self, folder: Path, *, weights: str) -> bool:
        """Turn the engine into the sibling whose weights lie in `folder`.

        Args:
            folder: of the weights.
            weights: their fingerprint.

        Returns:
            Whether they were read, and not kept from the last time, see `rungs.reload`.

        Raises:
            SwapError: any step failed; the engine must be restarted.
        """
        kept_as = weights if self._keeps else None
        return await self._step(
            rungs.reload(self.engine, folder, repacks=self._repacks, kept_as=kept_as)
        )

    async def sleep(self, rung: Rung) -> None:
        """Let device memory go, once what runs has ended.

        Raises:
            SwapError: any step failed; the engine must be restarted.
        """
        await self._step(rungs.fall_asleep(self.engine, rung))
        self.rung = rung

    async def wake(self, folder: Path | None = None) -> None:
        """Serve again, with the weights in `folder` or with those it fell asleep with.

        Raises:
            OutOfMemoryError: the device has no room; it sleeps on.
            SwapError: any other step failed; the engine must be restarted.
        """
        await self._step(
            rungs.wake(self.engine, self.rung, folder=folder, num_ranks=self._num_ranks)
        )
        self.rung = "serving"

    async def measure(self) -> Footprint | None:
        """Memory that its processes hold now, `None` on a CPU and where the driver is silent."""
        if "asleep" not in self.rungs:
            return None
        held = await self._unless_dead(self.engine.collective_rpc("memory_held"))
        if any(device is None for device, _ in held):
            return None
        return Footprint(
            device_gib=sum(device for device, _ in held) / _GIB,
            host_gib=sum(host for _, host in held) / _GIB,
        )

    async def _step(self, work: Coroutine[Any, Any, T]) -> T:
        """A step of `rungs`; an engine that dies of it is to be restarted like any other."""
        try:
            return await self._unless_dead(work)
        except EngineDeadError as exc:
            raise SwapError(exc.message) from exc

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
            async with asyncio.timeout(STEP_TIMEOUT_S):
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


def can_sleep() -> bool:
    """Whether vLLM takes `enable_sleep_mode` here (0.32.0, config/model.py, `__post_init__`)."""
    needs_pool = bool(current_platform.is_cuda_alike())
    return bool(current_platform.is_sleep_mode_available()) and (
        not needs_pool or bool(current_platform.is_cumem_allocator_available())
    )


def conditions_of(model_config: ModelConfig) -> Conditions:
    """What log-probabilities of an engine of this configuration depend on."""
    dtype = str(model_config.dtype).removeprefix("torch.")
    return Conditions(vllm=vllm.__version__, dtype=dtype, device=current_platform.device_type)
