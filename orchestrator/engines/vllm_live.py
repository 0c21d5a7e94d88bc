"""A thin adapter around vLLM's `AsyncLLM`: ask, reload, sleep, wake, end."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import vllm
from vllm import PoolingParams, SamplingParams
from vllm.config import ModelConfig
from vllm.inputs import tokens_input
from vllm.lora.request import LoRARequest
from vllm.outputs import RequestOutput
from vllm.platforms import current_platform
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.engine.output_processor import RequestOutputCollector

from orchestrator.engines import rungs
from orchestrator.engines.canary import NUM_TOKENS, Conditions, Greedy
from orchestrator.engines.rungs import AWAKE, STEP_TIMEOUT_S
from orchestrator.errors import EngineDeadError, EngineTimeoutError, SwapError
from orchestrator.residency.state import Footprint, Rung

#: Open requests from which tokens of a stream are sent a few at a time.
CROWD = 16
#: Seconds between chunks of one stream then: thirty a second still read as a flow.
GATHER_S = 0.03

_GIB = 2**30


class LiveEngine:
    """One running engine; `vllm_starting.py` makes it.

    Args:
        engine: vLLM's.
        rungs: those it can take.
        num_ranks: accelerators it spans.
        repacks: see `rungs.reload`.
    """

    def __init__(
        self,
        engine: AsyncLLM,
        *,
        rungs: tuple[Rung, ...] = AWAKE,
        num_ranks: int = 1,
        repacks: bool = False,
    ) -> None:
        self.engine = engine
        self.rungs = rungs
        #: Where it stands.
        self.rung: Rung = "serving"
        self._num_ranks, self._repacks = num_ranks, repacks
        self._open: set[Request] = set()
        self._numbers = itertools.count()

    @property
    def conditions(self) -> Conditions:
        """What log-probabilities of this engine depend on besides the weights."""
        return conditions_of(self.engine.model_config)

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

    async def reload(self, folder: Path) -> None:
        """Turn the engine into the sibling whose weights lie in `folder`.

        Raises:
            SwapError: any step failed; the engine must be restarted.
        """
        await rungs.reload(self.engine, folder, repacks=self._repacks)

    async def sleep(self, rung: Rung) -> None:
        """Let device memory go, once what runs has ended.

        Raises:
            SwapError: any step failed; the engine must be restarted.
        """
        await rungs.fall_asleep(self.engine, rung)
        self.rung = rung

    async def wake(self, folder: Path | None = None) -> None:
        """Serve again, with the weights in `folder` or with those it fell asleep with.

        Raises:
            OutOfMemoryError: the device has no room; it sleeps on.
            SwapError: any other step failed; the engine must be restarted.
        """
        await rungs.wake(self.engine, self.rung, folder=folder, num_ranks=self._num_ranks)
        self.rung = "serving"

    async def measure(self) -> Footprint | None:
        """Memory that its processes hold now, `None` on a CPU and where the driver is silent."""
        if "asleep" not in self.rungs:
            return None
        held = await self.engine.collective_rpc("memory_held")
        if any(device is None for device, _ in held):
            return None
        return Footprint(
            device_gib=sum(device for device, _ in held) / _GIB,
            host_gib=sum(host for _, host in held) / _GIB,
        )

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
                is_added = await self.engine.add_lora(lora)
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
            await self.engine.remove_lora(lora.lora_int_id)
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


class Request:
    """One request in flight."""

    def __init__(
        self,
        engine: AsyncLLM,
        queue: RequestOutputCollector,
        *,
        timeout_s: float | None,
        open_requests: set[Request],
    ) -> None:
        self._engine = engine
        self._queue = queue
        self._open_requests = open_requests
        self._is_finished = False
        self._timer: asyncio.TimerHandle | None = None
        if timeout_s is not None:
            error = EngineTimeoutError(f"the engine did not finish within {timeout_s:g} s")
            self._timer = asyncio.get_running_loop().call_later(timeout_s, self.fail, error)

    async def next(self) -> Any:
        """What the engine said since the last time: vLLM's output of the request's kind."""
        output = self._queue.get_nowait() or await self._queue.get()
        self._is_finished = output.finished
        return output

    async def gather(self) -> None:
        """Let tokens come together before the next read, where many requests are open.

        Every chunk costs each process on its way to the caller some 100 us.
        """
        if len(self._open_requests) >= CROWD and not self._is_finished:
            await asyncio.sleep(GATHER_S)

    def fail(self, error: Exception) -> None:
        """Make `next` raise `error`."""
        self._queue.put(error)

    async def abort_choice(self, index: int) -> None:
        """End one of several choices; the others go on."""
        await self._engine.abort(f"{index}_{self._queue.request_id}", internal=True)

    async def close(self) -> None:
        """Free the request; one that is not finished is aborted."""
        self._open_requests.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if not self._is_finished:
            await self._engine.abort(self._queue.request_id, internal=True)
        self._queue.close()


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


def greedy_params() -> SamplingParams:
    """How canaries are generated."""
    return SamplingParams(
        temperature=0.0,
        max_tokens=NUM_TOKENS,
        logprobs=2,
        ignore_eos=True,
        detokenize=False,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def read_greedy(output: RequestOutput) -> Greedy:
    """The continuation in a finished output of `greedy_params`."""
    (completion,) = output.outputs
    token_ids = tuple(completion.token_ids)
    scores = completion.logprobs or []
    ranked = [sorted((score.logprob for score in step.values()), reverse=True) for step in scores]
    return Greedy(
        token_ids=token_ids,
        logprobs=tuple(step[token].logprob for token, step in zip(token_ids, scores, strict=True)),
        margin=min(best[0] - best[1] for best in ranked),
    )
