"""One live vLLM engine, and the expert whose weights it holds now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator

from orchestrator.engines.base import Call, Chunk
from orchestrator.engines.canaries import Canaries
from orchestrator.engines.choices import Reading
from orchestrator.engines.deltas import join_chunks
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.vllm_answer import AnswerReader
from orchestrator.engines.vllm_errors import refused, translated
from orchestrator.engines.vllm_expert import ExpertShelf, HostedExpert, source_of
from orchestrator.engines.vllm_live import LiveEngine, Request
from orchestrator.engines.vllm_sampling import check_served, sampling_params
from orchestrator.engines.weights import check_fits, read_checkpoint
from orchestrator.errors import EngineDeadError, EngineError, NotHostedError, SwapError
from orchestrator.registry.models import Expert

_logger = logging.getLogger(__name__)


class VllmHost:
    """See `Host`; `start` makes one.

    Args:
        lineage: the experts it can become.
    """

    def __init__(self, lineage: Lineage) -> None:
        self.lineage = lineage
        self.resident: str | None = None
        self._running: _Running | None = None
        self._canaries = Canaries()
        self._swapping = asyncio.Lock()
        #: Whether a swap ended half-way, so that only a restart can be trusted.
        self._is_torn = False

    @classmethod
    async def start(cls, lineage: Lineage, expert: Expert) -> VllmHost:
        """Start an engine with `expert` and prove its weights; see `start_vllm`."""
        host = cls(lineage)
        await host._start_fresh(expert)
        return host

    def can_become(self, expert: Expert) -> bool:
        """Whether `expert`, as it is configured now, belongs to the lineage."""
        return self.lineage.holds(expert)

    async def become(self, expert: Expert) -> None:
        """Reload the weights of `expert` in place and prove them; see `Host.become`.

        What can be refused is refused first, from the headers, and leaves the previous expert
        serving. When the reload itself fails the engine is started anew with `expert`, and when
        that fails too, with the previous one.
        """
        async with self._swapping:
            running = self._checked()
            if not await asyncio.to_thread(self.can_become, expert):
                raise SwapError(
                    f"expert {expert.id!r} is not of lineage {self.lineage.id!r}; an engine of "
                    "its own is needed"
                )
            hosted = await asyncio.to_thread(running.prepare, expert)
            previous, self.resident = running.hosted, None
            was_torn, self._is_torn = self._is_torn, True
            try:
                if was_torn:
                    raise SwapError("the swap before was interrupted")
                await self._reload(running, hosted)
            except SwapError as exc:
                _logger.warning("restarting the engine for expert %r: %s", expert.id, exc.message)
                await self._restart(expert, previous.expert)
            self._is_torn = False

    async def generate(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Answer for the resident expert; see `Engine.generate`.

        Raises:
            NotHostedError: another expert is resident, or a swap is under way.
        """
        running = self._checked()
        if call.expert != self.resident:
            raise NotHostedError(
                f"expert {call.expert!r} is not resident in this engine; {self.resident!r} is"
            )
        with translated(call.expert):
            request, answer = await _submit(running, call)
            try:
                async for chunk in _chunks(request, answer, is_read_along=call.stream):
                    yield chunk
            finally:
                await request.close()

    async def check(self) -> None:
        """Raise `EngineDeadError` when the engine can no longer generate."""
        self._checked()

    async def close(self) -> None:
        """End the engine's processes; calls in flight fail with `EngineDeadError`."""
        self.resident = None
        running, self._running = self._running, None
        if running is not None:
            await running.live.close()

    @property
    def num_unfinished(self) -> int:
        """Requests vLLM has not ended."""
        return 0 if self._running is None else self._running.live.num_unfinished

    def _checked(self) -> _Running:
        if self._running is None:
            raise EngineDeadError(f"the engine of lineage {self.lineage.id!r} is closed")
        self._running.live.check()
        return self._running

    async def _reload(self, running: _Running, hosted: HostedExpert) -> None:
        assert hosted.folder is not None, "models of a hub have no siblings"
        await running.live.reload(hosted.folder)
        await self._prove(running.live, hosted, is_fresh=False)
        running.hosted = hosted
        self.resident = hosted.expert.id

    async def _restart(self, expert: Expert, previous: Expert) -> None:
        try:
            await self.close()
            await self._start_fresh(expert)
        except EngineError as exc:
            await self._start_fresh(previous)
            raise SwapError(
                f"expert {expert.id!r} could not be loaded, not even into a fresh engine, which "
                f"serves {previous.id!r} again: {exc.message}"
            ) from exc

    async def _start_fresh(self, expert: Expert) -> None:
        live = await LiveEngine.start(expert, source_of(self.lineage, expert))
        try:
            self._running = await asyncio.to_thread(_Running, self.lineage, live, expert)
            await self._prove(live, self._running.hosted, is_fresh=True)
        except BaseException:
            self._running = None
            await live.close()
            raise
        self.resident = expert.id

    async def _prove(self, live: LiveEngine, hosted: HostedExpert, *, is_fresh: bool) -> None:
        with translated(hosted.expert.id):
            await self._canaries.prove(
                live,
                hosted.expert.id,
                folder=hosted.folder,
                backend=hosted.backend,
                is_fresh=is_fresh,
            )


class _Running:
    """An engine, its experts, and the one whose weights were proved last."""

    def __init__(self, lineage: Lineage, live: LiveEngine, first: Expert) -> None:
        self.live = live
        self._shelf = ExpertShelf(lineage, first, model_config=live.engine.model_config)
        self.hosted = self._shelf.get(first)
        folder = lineage.folder(first)
        self._checkpoint = read_checkpoint(folder) if folder else None

    def prepare(self, expert: Expert) -> HostedExpert:
        """Read what is needed of `expert`; `SwapError` unless its tensors fit. Reads files."""
        hosted = self._shelf.get(expert)
        if self._checkpoint is not None and hosted.folder is not None:
            check_fits(read_checkpoint(hosted.folder), self._checkpoint)
        return hosted


async def _submit(running: _Running, call: Call) -> tuple[Request, AnswerReader]:
    hosted = running.hosted
    check_served(call, hosted)
    parsing = hosted.parsers.open(call)
    token_ids = hosted.prompting.token_ids(call)
    reading = Reading(
        backend=hosted.backend,
        spelling=hosted.spelling,
        prompt_token_ids=token_ids,
        stop_token_ids=hosted.stop_token_ids,
        stops=call.sampling.stop,
        parsing=parsing,
        num_top=call.sampling.top_logprobs,
        echo=hosted.prompting.text(call.prompt) if call.echo else "",
    )
    with refused(call.expert):
        params = sampling_params(
            call,
            hosted,
            num_prompt_tokens=len(token_ids),
            constraint=parsing.constraint if parsing else None,
        )
        request = await running.live.submit(
            call.id, prompt_token_ids=token_ids, params=params, timeout_s=call.timeout_s
        )
    return request, AnswerReader(reading, num_choices=call.sampling.n, expert_id=call.expert)


async def _chunks(
    request: Request, answer: AnswerReader, *, is_read_along: bool
) -> AsyncGenerator[Chunk, None]:
    kept: list[Chunk] = []
    while not answer.is_over:
        chunk = answer.read(await request.next())
        while answer.overrun and not answer.is_over:
            await request.abort_choice(answer.overrun.pop())
        if not is_read_along:
            kept.append(chunk)
        elif chunk.deltas or chunk.usage:
            yield chunk
    if not is_read_along:
        yield join_chunks(kept)
