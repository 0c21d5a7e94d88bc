"""Where claims about sleep are put to the test: an accelerator, and one engine on it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from bench.spoken import Spoken, difference
from orchestrator.engines.base import Call, Sampling, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.running import Running
from orchestrator.engines.sibling_host import SiblingHost
from orchestrator.registry.models import Expert

_MAX_TOKENS = 32
#: Log-probabilities of halves differ by this much with the batch.
_TOLERANCE = 0.05
#: Long enough to fill several blocks of the prefix cache.
_PROMPTS = tuple(tuple((7 * at + seed) % 250 for at in range(64)) for seed in (1, 2, 3, 4))


class BrokenError(Exception):
    """A claim does not hold; the message says what was seen instead."""


def require(holds: bool, seen: str) -> None:
    """Raise `BrokenError` with what was `seen` unless a claim holds."""
    if not holds:
        raise BrokenError(seen)


class Device(Protocol):
    """The accelerator that engines start on."""

    def used_bytes(self) -> int:
        """Memory in use, whoever has it."""
        ...

    def hog(self, *, leaves: int) -> AbstractAsyncContextManager[None]:
        """Somebody else has all of what is free but so many bytes, meanwhile."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes that tell a claim that holds from one that does not."""

    weights: int
    kv_cache: int
    #: What comes and goes by itself.
    slack: int


class Stage:
    """One engine at a time on a device, known by what its siblings say when freshly started.

    Args:
        lineage: two siblings at least.
        begin: starts an engine.
        device: where.
        sizes: of what they take.
    """

    def __init__(
        self,
        lineage: Lineage,
        begin: Callable[[Lineage, Expert], Awaitable[Running]],
        *,
        device: Device,
        sizes: Sizes,
    ) -> None:
        self.lineage, self.device, self.sizes = lineage, device, sizes
        #: What starts engines.
        self.begin_it = begin
        self.num_starts = 0
        #: Seconds that each start took.
        self.starts_s: list[float] = []
        self._running: Any = None
        self._host: SiblingHost | None = None
        self._fresh: dict[str, list[Spoken]] = {}

    @property
    def names(self) -> tuple[str, str]:
        """Two siblings, by id."""
        first, second, *_ = (one.id for one in self.lineage.experts if not one.is_adapter)
        return first, second

    @property
    def raw(self) -> Any:
        """VLLM's own engine under the host."""
        return self._running.live.engine

    def expert(self, name: str) -> Expert:
        """One of the lineage."""
        found = self.lineage.expert(name)
        assert found is not None, name
        return found

    async def host(self, name: str) -> SiblingHost:
        """A host that serves `name`, started anew where the last claim left none that does."""
        host = self._host
        with contextlib.suppress(Exception):  # what an earlier claim broke is closed below
            if host is not None and host.rung == "serving":
                await host.check()
                await host.become(self.expert(name))
                return host
        return await self.fresh_host(name)

    async def fresh_host(self, name: str) -> SiblingHost:
        """A host of an engine that was started with `name`."""
        await self.close()
        self._host = SiblingHost(self.lineage, self._begin)
        await self._host.start(self.expert(name))
        return self._host

    async def close(self) -> None:
        """End the engine, if there is one."""
        host, self._host = self._host, None
        if host is not None:
            await host.close()

    async def record(self) -> None:
        """Note what each expert says in an engine that never was another."""
        for name in self.names:
            host = await self.fresh_host(name)
            self._fresh[name] = await self.words(host, name)

    async def words(self, host: SiblingHost, name: str) -> list[Spoken]:
        """Greedy answers to fixed prompts, all at once."""
        calls = [_call(self.expert(name), prompt) for prompt in _PROMPTS]
        answers = await asyncio.gather(*(collect(host.generate(call)) for call in calls))
        return [_spoken(answer.choices[0]) for answer in answers]

    async def require_own(self, host: SiblingHost, name: str) -> float:
        """The largest difference of what `name` says from a fresh engine; refuses other words."""
        said = await self.words(host, name)
        gaps = [difference(*pair) for pair in zip(said, self._fresh[name], strict=True)]
        require(
            all(gap is not None and gap <= _TOLERANCE for gap in gaps),
            f"{name} says {[one.text for one in said]}, differing by {gaps}, where a fresh engine "
            f"says {[one.text for one in self._fresh[name]]}",
        )
        return max(gap for gap in gaps if gap is not None)

    async def raw_tokens(self, *, num_tokens: int = _MAX_TOKENS) -> tuple[int, ...]:
        """A greedy answer of vLLM's own engine, whatever its host says; empty if aborted."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        params = SamplingParams(
            temperature=0.0,
            max_tokens=num_tokens,
            ignore_eos=True,
            detokenize=False,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        request = await self._running.live.submit(
            "raw", prompt_token_ids=list(_PROMPTS[0]), params=params
        )
        try:
            output = await request.next()
        finally:
            await request.close()
        (choice,) = output.outputs
        return () if choice.finish_reason == "abort" else tuple(choice.token_ids)

    async def _begin(self, lineage: Lineage, expert: Expert) -> Running:
        begun_s = time.monotonic()
        self.num_starts += 1
        self._running = await self.begin_it(lineage, expert)
        self.starts_s.append(round(time.monotonic() - begun_s, 3))
        return self._running


def _call(expert: Expert, prompt: Sequence[int]) -> Call:
    sampling = Sampling(temperature=0.0, max_tokens=_MAX_TOKENS, top_logprobs=0)
    text = Text(token_ids=tuple(prompt))
    return Call(id="c", expert=expert.id, generation=1, prompt=text, sampling=sampling)


def _spoken(choice: Any) -> Spoken:
    scores = tuple(token.logprob for token in choice.logprobs or ())
    return Spoken(prompt_token_ids=(), text=choice.text, logprobs=scores)


class Accelerator:
    """The first accelerator that this process sees, by its driver; no context is made on it."""

    def __init__(self) -> None:
        from vllm.platforms import current_platform
        from vllm.utils.import_utils import import_pynvml

        self._nvml = import_pynvml()
        self._nvml.nvmlInit()
        index = current_platform.visible_device_id_to_physical_device_id(0)
        self._handle = self._nvml.nvmlDeviceGetHandleByIndex(index)

    @property
    def name(self) -> str:
        """What it is."""
        return str(self._nvml.nvmlDeviceGetName(self._handle))

    def used_bytes(self) -> int:
        """Memory in use, whoever has it."""
        return int(self._nvml.nvmlDeviceGetMemoryInfo(self._handle).used)

    @asynccontextmanager
    async def hog(self, *, leaves: int) -> AsyncIterator[None]:
        """A process that holds memory, its own context included, until its input is closed."""
        program = (
            "import sys, torch; free, _ = torch.cuda.mem_get_info();"
            " held = torch.empty(free - int(sys.argv[1]), dtype=torch.uint8, device='cuda');"
            " torch.cuda.synchronize(); print('held', flush=True); sys.stdin.read()"
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program, str(leaves)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            require(await process.stdout.readline() == b"held\n", "nobody else could take memory")
            yield
        finally:
            process.stdin.close()
            await process.wait()
