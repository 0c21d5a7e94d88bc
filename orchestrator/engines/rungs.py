"""A live vLLM engine down the ladder and up again: which calls, in which order, are exact.

The order is read from vLLM 0.32.0; `fake_vllm.py` behaves alike and says where each behaviour
stands. What no order can mend is a `SwapError`, after which only a restart is to be trusted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

from orchestrator.engines.out_of_memory import out_of_memory
from orchestrator.errors import OutOfMemoryError, SwapError
from orchestrator.residency.state import Rung

#: Longest step, seconds: one that takes longer hangs, and the engine is restarted.
STEP_TIMEOUT_S = 300.0

#: Rungs of an engine whose platform has no sleep.
AWAKE: tuple[Rung, ...] = ("serving", "stopped")
#: Rungs of one that sleeps.
SLEEPS: tuple[Rung, ...] = ("serving", "asleep", "weightless", "stopped")

_LEVEL_BY_RUNG: Mapping[Rung, int] = {"asleep": 1, "weightless": 2}


class Sleeper(Protocol):
    """What is needed of vLLM's `AsyncLLM`."""

    #: Of prompts; has a cache of its own.
    renderer: Any
    #: Client of the engine's process.
    engine_core: Any

    async def resume_generation(self) -> None:
        """Schedule again."""
        ...

    async def sleep(self, level: int, mode: Literal["abort", "wait", "keep"]) -> None:
        """Pause, then let device memory go: weights to host memory at level 1, nowhere at 2."""
        ...

    async def wake_up(self, tags: list[str] | None = None) -> bool:
        """Map memory again, of some tags or all; whether all of it is mapped."""
        ...

    async def is_sleeping(self) -> bool:
        """Whether it schedules nothing."""
        ...

    async def reset_prefix_cache(self) -> bool:
        """Forget what earlier weights left in the prefix cache."""
        ...

    async def collective_rpc(
        self,
        method: str,
        timeout: float | None = None,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Have every worker, one an accelerator, do something."""
        ...


async def reload(
    engine: Sleeper, folder: Path, *, repacks: bool = False, kept_as: str | None = None
) -> bool:
    """Turn an engine that serves into the sibling whose weights lie in `folder`.

    Without the pause a running request would end as a hybrid of two experts, and without the
    reset its blocks would poison the prefix cache.

    Args:
        engine: serves.
        folder: of the weights.
        repacks: whether tied heads have to be packed anew, as on a CPU.
        kept_as: fingerprint of the weights, where the engine may keep them as it computes with
            them, see `vllm_worker.py`.

    Returns:
        Whether they were read, and not kept from the last time.

    Raises:
        SwapError: any step failed; the engine must be restarted.
    """
    try:
        async with asyncio.timeout(STEP_TIMEOUT_S):
            await _pause(engine)
            is_read = kept_as is None or not await _recalled(engine, kept_as)
            if is_read:
                await _read(engine, folder, repacks=repacks, kept_as=kept_as)
            is_reset = await engine.reset_prefix_cache()
            await engine.resume_generation()
    except Exception as exc:
        raise SwapError(f"reload from {folder} failed: {type(exc).__name__}: {exc}") from exc
    if not is_reset:
        raise SwapError(f"reload from {folder}: the prefix cache could not be reset")
    return is_read


async def _recalled(engine: Sleeper, kept_as: str) -> bool:
    return all(await engine.collective_rpc("recall_weights", args=(kept_as,)))


async def _read(engine: Sleeper, folder: Path, *, repacks: bool, kept_as: str | None) -> None:
    await _load(engine, folder)
    if repacks:
        await engine.collective_rpc("repack_tied_heads")
    if kept_as is not None:
        await engine.collective_rpc("keep_weights", args=(kept_as,))


async def fall_asleep(engine: Sleeper, rung: Rung) -> None:
    """Let device memory go; what runs is waited for, since vLLM would abort it.

    Raises:
        SwapError: any step failed; the engine must be restarted.
    """
    try:
        async with asyncio.timeout(STEP_TIMEOUT_S):
            await engine.sleep(level=_LEVEL_BY_RUNG[rung], mode="wait")
            is_asleep = await engine.is_sleeping()
    except Exception as exc:
        raise SwapError(f"it did not become {rung}: {type(exc).__name__}: {exc}") from exc
    if not is_asleep:
        raise SwapError(f"it did not become {rung}: vLLM says that it does not sleep")


async def wake(
    engine: Sleeper, rung: Rung, *, folder: Path | None = None, num_ranks: int = 1
) -> None:
    """Bring an engine back from `rung`.

    Args:
        engine: sleeps since `fall_asleep`.
        rung: where it stands.
        folder: of the weights to wake up with; `None` for those it fell asleep with, which only
            an engine that is `asleep` still has.
        num_ranks: accelerators it spans.

    Raises:
        OutOfMemoryError: the device has no room for it; it sleeps on, as it did.
        SwapError: any other step failed; the engine must be restarted.
    """
    assert folder is not None or rung == "asleep", f"it is {rung} and has no weights to wake with"
    try:
        async with asyncio.timeout(STEP_TIMEOUT_S):
            await _climb(engine, rung, folder)
    except _NoRoomError as exc:
        await _sleep_on(engine, rung, exc, num_ranks=num_ranks)
        raise OutOfMemoryError(f"the device has no room: {exc}; it is {rung} as before") from exc
    except Exception as exc:
        raise SwapError(f"it did not wake up: {type(exc).__name__}: {exc}") from exc


async def _climb(engine: Sleeper, rung: Rung, folder: Path | None) -> None:
    """Map, load and reset; the KV cache is mapped last, so that a load finds its room free."""
    if folder is None:
        is_awake = await _map(engine, None)
    else:
        await _map(engine, "weights")
        await _load(engine, folder)
        is_awake = await _map(engine, "kv_cache")
    if not is_awake:
        raise SwapError(f"vLLM says that it is still {rung}")
    if not await engine.reset_prefix_cache():
        raise SwapError("the prefix cache could not be reset")


async def _pause(engine: Sleeper) -> None:
    """Let the requests in flight end, take no others, and forget what was cached.

    As `AsyncLLM.pause_generation(mode="wait", clear_cache=True)` does, but for the 20 ms that it
    sleeps at the end, half of a swap: those let callers read their last outputs first, and ours are
    read in any order, since outputs carry no weights.
    """
    await engine.renderer.clear_mm_cache_async()
    await engine.engine_core.pause_scheduler_async(mode="wait", clear_cache=True)


async def _load(engine: Sleeper, folder: Path) -> None:
    await engine.collective_rpc("reload_weights", kwargs={"weights_path": str(folder)})


class _NoRoomError(Exception):
    """Memory could not be mapped.

    Args:
        words: vLLM's.
        tag: of the memory, `None` for all of it.
    """

    def __init__(self, words: str, tag: str | None) -> None:
        super().__init__(words)
        self.tag = tag


async def _map(engine: Sleeper, tag: str | None) -> bool:
    try:
        return await engine.wake_up(None if tag is None else [tag])
    except Exception as exc:
        words = out_of_memory(str(exc))
        if words is None:
            raise
        raise _NoRoomError(words, tag) from exc


async def _sleep_on(engine: Sleeper, rung: Rung, fault: _NoRoomError, *, num_ranks: int) -> None:
    """Give back what a wake mapped before it found no more room.

    vLLM maps piece by piece and leaves those it has mapped (`device_allocator/cumem.py`,
    `CuMemAllocator.wake_up`), while its executor takes no second `sleep` before a whole wake
    (`v1/executor/abstract.py`, `Executor.sleep`): its workers have to be told.

    Raises:
        SwapError: it is not certain that it sleeps; only a restart gives its memory back.
    """
    if num_ranks > 1:
        # `v1/executor/multiproc_executor.py`, `collective_rpc`, stops at the first reply that is an
        # error: those of later ranks stay unread and would answer the next call.
        raise SwapError(f"{fault}, on one of {num_ranks} ranks, whose replies are out of step now")
    try:
        async with asyncio.timeout(STEP_TIMEOUT_S):
            if fault.tag == "kv_cache":
                await engine.sleep(level=_LEVEL_BY_RUNG[rung], mode="wait")
            elif rung == "asleep":
                await engine.collective_rpc("sleep", kwargs={"level": 1})
            else:
                # A second sleep at level 2 would save buffers out of memory that is not mapped
                # (`v1/worker/gpu_worker.py`, `Worker.sleep`); there is nothing to keep in it.
                tags = ("weights", "kv_cache")
                await engine.collective_rpc("discard", kwargs={"tags": tags})
            is_asleep = await engine.is_sleeping()
    except Exception as exc:
        raise SwapError(f"{fault}, and it did not give back: {type(exc).__name__}: {exc}") from exc
    if not is_asleep:
        raise SwapError(f"{fault}, and vLLM says that it does not sleep")
