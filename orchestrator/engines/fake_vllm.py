"""A fake of vLLM's `AsyncLLM` on an accelerator, for tests of what we ask of it and when.

It does wrong what vLLM does wrong: each behaviour names the file and function of vLLM 0.32.0 where
it was read. None has been compared with a GPU; `make gpu-check` does, where there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal, TypeVar

from orchestrator.engines.fake_vllm_memory import FakeAccelerator, FakePools, IllegalAccessError
from orchestrator.engines.fake_vllm_requests import FakeQueue, FakeScheduler

_Result = TypeVar("_Result")

#: `v1/executor/abstract.py`, `SLEEP_TAGS`.
_SLEEP_TAGS = frozenset({"weights", "kv_cache"})
#: What buffers of the model hold: tables that no checkpoint has.
_TABLES = "tables"


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeSizes:
    """Bytes that a fake engine takes: of each allocation, or all together."""

    weights: tuple[int, ...] = (30, 30)
    buffers: tuple[int, ...] = (5,)
    kv_cache: tuple[int, ...] = (20, 20)
    #: What sleep does not let go: a CUDA context, graphs, NCCL's buffers.
    residue: int = 10
    #: What a reload takes beside, until it ends.
    load: int = 15


class FakeAsyncLLM:
    """One engine that speaks as the folder its weights were loaded from.

    Args:
        folder: of the weights.
        accelerator: whose memory it takes.
        name: of the engine among those on the accelerator.
        sizes: what it takes.
        num_ranks: workers it has.
        dtype: arithmetic type, for canaries.
    """

    def __init__(
        self,
        folder: str,
        *,
        accelerator: FakeAccelerator | None = None,
        name: str = "engine",
        sizes: FakeSizes | None = None,
        num_ranks: int = 1,
        dtype: str = "float32",
    ) -> None:
        self.accelerator = accelerator or FakeAccelerator()
        self.model_config = SimpleNamespace(dtype=dtype)
        self.output_handler = None
        self.errored = False
        #: What was asked of it beside requests, in order.
        self.asked: list[str] = []
        #: Paths of the adapters that vLLM has, by number.
        self.adapters: dict[int, str] = {}
        self.scheduler = FakeScheduler(self._voice)
        context = SimpleNamespace(destroy=lambda linger: None)
        self.engine_core = SimpleNamespace(
            resources=SimpleNamespace(ctx=context), pause_scheduler_async=self.pause_generation
        )
        self.renderer = SimpleNamespace(clear_mm_cache_async=_nothing)
        self.vllm_config = SimpleNamespace(lora_config=SimpleNamespace())
        self._name, self._num_ranks, self._sizes = name, num_ranks, sizes or FakeSizes()
        self._sleeping_tags: set[str] = set()
        self._kept: dict[str, str] = {}
        self._saved_tables: str | None = None
        self._stale_reply: str | None = None
        parts = {part: getattr(self._sizes, part) for part in ("weights", "buffers", "kv_cache")}
        try:
            self.accelerator.take(name, self._sizes.residue)
            self.pools = FakePools(self.accelerator, name, parts)
        except RuntimeError:
            self.accelerator.end(name)
            raise
        self.pools.write("weights", folder)
        self.pools.write("buffers", _TABLES)

    @property
    def num_device_bytes(self) -> int:
        """Device memory that it has now."""
        return self.accelerator.taken_by(self._name)

    async def add_request(
        self,
        request_id: str,
        prompt: Any,
        params: Any,
        *,
        lora_request: Any = None,
    ) -> FakeQueue:
        """Queue a request, on an adapter or none.

        One that is paused or asleep keeps it waiting, with no word to whoever waits
        (`v1/core/sched/scheduler.py`, `schedule`).
        """
        del params
        adapter = None if lora_request is None else self.adapters[lora_request.lora_int_id]
        return self.scheduler.add(request_id, tuple(prompt["prompt_token_ids"]), adapter)

    async def abort(self, request_id: str, internal: bool = False) -> None:
        """Forget a request."""
        del internal
        self.scheduler.forget(request_id)

    def get_num_unfinished_requests(self) -> int:
        """Those that wait and those that run."""
        return self.scheduler.num_unfinished

    async def pause_generation(
        self, *, mode: Literal["abort", "wait", "keep"] = "abort", clear_cache: bool = True
    ) -> None:
        """Schedule nothing new; what runs is aborted, waited for or frozen.

        `v1/engine/core.py`, `pause_scheduler`.
        """
        self.asked.append(f"pause {mode}")
        await self.scheduler.pause(mode, clears_cache=clear_cache)

    async def resume_generation(self) -> None:
        """Schedule what waits; `v1/engine/core.py`, `resume_scheduler`."""
        self.asked.append("resume")
        self._call("resume_scheduler", self.scheduler.resume)

    async def reset_prefix_cache(self) -> bool:
        """Forget the prefix cache, or refuse while requests hold blocks of it.

        `v1/core/block_pool.py`, `reset_prefix_cache`.
        """
        self.asked.append("reset")
        return self.scheduler.reset_cache()

    async def sleep(self, level: int = 1, mode: Literal["abort", "wait", "keep"] = "abort") -> None:
        """Pause, clear the prefix cache and let memory go; requests are aborted by default.

        `v1/engine/core.py`, `sleep`. An executor whose weights sleep takes no other level
        (`v1/executor/abstract.py`, `sleep`).
        """
        self.asked.append(f"sleep {level} {mode}")
        await self.scheduler.pause(mode, clears_cache=level >= 1)
        if level >= 1 and "weights" not in self._sleeping_tags:
            self._call("sleep", lambda: self._on_workers(lambda: self._worker_sleep(level)))
            self._sleeping_tags |= _SLEEP_TAGS

    async def wake_up(self, tags: list[str] | None = None) -> bool:
        """Map memory again; scheduling resumes once all of it is mapped.

        `v1/engine/core.py`, `wake_up`. Tags that do not sleep are ignored with a warning, all of
        them (`v1/executor/abstract.py`, `wake_up`).
        """
        self.asked.append(f"wake {'all' if tags is None else ' '.join(tags)}")
        if self._sleeping_tags and set(tags or ()) <= self._sleeping_tags:
            self._call("wake_up", lambda: self._on_workers(lambda: self._worker_wake_up(tags)))
            self._sleeping_tags -= _SLEEP_TAGS if tags is None else set(tags)
        if not self._sleeping_tags:
            self._call("wake_up", self.scheduler.resume)
        return not self._sleeping_tags

    async def is_sleeping(self) -> bool:
        """True of an engine that is merely paused, too; `v1/engine/core.py`, `is_sleeping`."""
        return self.scheduler.is_paused or bool(self._sleeping_tags)

    async def collective_rpc(
        self,
        method: str,
        timeout: float | None = None,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Have the workers do it, whatever the executor thinks of them.

        `v1/executor/uniproc_executor.py`, `collective_rpc`.
        """
        del timeout
        own: dict[str, Callable[..., Any]] = {  # of our `vllm_worker.py`
            "memory_held": lambda: (self.num_device_bytes, self.pools.num_host_bytes),
            "recall_weights": self._recall,
            "keep_weights": lambda name: self._kept.update({name: self.pools.read("weights")}),
        }
        if method in own:
            return [own[method](*args)]
        known: dict[str, Callable[..., None]] = {
            "reload_weights": self._reload_weights,
            "sleep": self._worker_sleep,
            "discard": self.pools.discard,
        }
        self.asked.append(f"workers {method}")
        if method not in known:
            raise NotImplementedError(f"Method {method!r} is not implemented.")
        self._call(
            "collective_rpc",
            lambda: self._on_workers(lambda: known[method](*args, **(kwargs or {}))),
        )
        return [None] * self._num_ranks

    async def add_lora(self, lora_request: Any) -> bool:
        """Copy an adapter into its place, which lies in the pool of the weights.

        `lora/model_manager.py`, `activate_adapter`.
        """
        self._call("add_lora", lambda: self.pools.read("weights"))
        self.adapters[lora_request.lora_int_id] = lora_request.lora_path
        return True

    async def remove_lora(self, lora_id: int) -> bool:
        """Take an adapter away."""
        return self.adapters.pop(lora_id, None) is not None

    async def list_loras(self) -> set[int]:
        """Numbers of the adapters that it has."""
        return set(self.adapters)

    def shutdown(self) -> None:
        """End the process: all of its memory is free."""
        self.accelerator.end(self._name)

    def _voice(self) -> str:
        """What it speaks with: tables that were lost make gibberish of the right weights."""
        weights, tables = self.pools.read("weights"), self.pools.read("buffers")
        self.pools.read("kv_cache")
        return weights if tables == _TABLES else f"{weights} by {tables}"

    def _call(self, method: str, do: Callable[[], _Result]) -> _Result:
        """A call of the engine's process; what fails there comes back as text.

        `v1/engine/core.py`, `_invoke_utility_method`.
        """
        try:
            return do()
        except (RuntimeError, IllegalAccessError) as exc:
            self.errored |= isinstance(exc, IllegalAccessError)
            raise Exception(f"Call to {method} method failed: {exc}") from exc

    def _on_workers(self, do: Callable[[], None]) -> None:
        """Have every rank do it; of several, the first that fails leaves later replies unread.

        `v1/executor/multiproc_executor.py`, `collective_rpc`: ranks run short of memory together,
        so it is the failure of another that the next call reads for its own.
        """
        if self._stale_reply is not None:
            raise RuntimeError(f"Worker failed with error '{self._stale_reply}'")
        try:
            do()
        except RuntimeError as exc:
            if self._num_ranks > 1:
                self._stale_reply = str(exc)
            raise

    def _worker_sleep(self, level: int) -> None:
        """Buffers are saved before level 2, from memory that has to be mapped for it.

        `v1/worker/gpu_worker.py`, `sleep`.
        """
        if level == 2:
            self._saved_tables = self.pools.read("buffers")
        self.pools.sleep(level=level)

    def _worker_wake_up(self, tags: list[str] | None) -> None:
        """Saved buffers come back with the weights, once; `v1/worker/gpu_worker.py`, `wake_up`."""
        self.pools.wake_up(tags)
        if (tags is None or "weights" in tags) and self._saved_tables is not None:
            self.pools.write("buffers", self._saved_tables)
            self._saved_tables = None

    def _recall(self, name: str) -> bool:
        if (found := self._kept.get(name)) is not None:
            self._reload_weights(found)
        return found is not None

    def _reload_weights(self, weights_path: str) -> None:
        """Overwrite the weights in place, drop adapters, and leave the prefix cache as it is.

        `v1/worker/gpu_model_runner.py`, `reload_weights`; requests that run go on with the new
        weights, and a load that fails leaves half of both
        (`model_executor/model_loader/reload/layerwise.py`).
        """
        if self._sizes.load > self.accelerator.num_free:
            self.pools.write("weights", f"half of {weights_path}")
            raise RuntimeError("CUDA out of memory. Tried to allocate 224.00 MiB.")
        self.pools.write("weights", weights_path)
        self.adapters.clear()
        if not self._sleeping_tags:
            self.scheduler.note_voice()


async def _nothing() -> None:
    """What a cache of images needs that is not there."""
