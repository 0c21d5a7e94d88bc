"""A started vLLM engine: its weights, its experts and their answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

from orchestrator.engines import fetched
from orchestrator.engines.base import Call, Chunk
from orchestrator.engines.canaries import Canaries
from orchestrator.engines.choices import Reading
from orchestrator.engines.deltas import join_chunks
from orchestrator.engines.embedding import EmbedCall, Vectors
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.vllm_answer import AnswerReader
from orchestrator.engines.vllm_errors import refused, translated
from orchestrator.engines.vllm_expert import ExpertShelf, HostedExpert, source_of
from orchestrator.engines.vllm_live import LiveEngine, Request
from orchestrator.engines.vllm_pooling import VllmPooling
from orchestrator.engines.vllm_sampling import check_served, sampling_params
from orchestrator.engines.weights import check_fits
from orchestrator.errors import SwapError, UnsupportedParameterError
from orchestrator.registry.models import Expert
from orchestrator.registry.weights import read_checkpoint


async def begin(lineage: Lineage, expert: Expert) -> VllmRunning | VllmPooling:
    """Start an engine with the weights of `expert`; nothing is proved yet."""
    begun_s = time.monotonic()
    live = await LiveEngine.start(expert, source_of(lineage, expert))
    folder, took_s = lineage.folder(expert), time.monotonic() - begun_s
    await fetched.note_load(folder, "start", conditions=live.conditions, seconds=took_s)
    kind = VllmPooling if expert.embeds else VllmRunning
    try:
        return await asyncio.to_thread(kind, lineage, live, expert)
    except BaseException:
        await live.close()
        raise


class VllmRunning:
    """See `Running`.

    Args:
        lineage: of the engine.
        live: the engine.
        first: the expert whose weights it was started with.
    """

    def __init__(self, lineage: Lineage, live: LiveEngine, first: Expert) -> None:
        self.live = live
        self._shelf = ExpertShelf(lineage, first, model_config=live.engine.model_config)
        self._hosted = self._shelf.get(first)
        folder = lineage.folder(first)
        self._checkpoint = read_checkpoint(folder) if folder else None

    @property
    def expert(self) -> Expert:
        """Whose weights were loaded last."""
        return self._hosted.expert

    @property
    def num_unfinished(self) -> int:
        """Requests vLLM has not ended."""
        return self.live.num_unfinished

    def prepare(self, expert: Expert) -> None:
        """Read what is needed of `expert`; `SwapError` where its tensors do not fit."""
        fetched.bring_for_swap(expert)
        hosted = self._shelf.get(expert)
        if self._checkpoint is not None and hosted.folder is not None:
            check_fits(read_checkpoint(hosted.folder), self._checkpoint)

    async def reload(self, expert: Expert) -> None:
        """Load the weights of `expert` in place; `SwapError` where only a restart helps."""
        hosted = self._shelf.get(expert)
        if hosted.folder is None:
            raise SwapError(f"expert {expert.id!r} comes from a hub and is only loaded fresh")
        self._hosted = hosted
        begun_s = time.monotonic()
        await self.live.reload(hosted.folder)
        took_s = time.monotonic() - begun_s
        await fetched.note_load(
            hosted.folder, "reload", conditions=self.live.conditions, seconds=took_s
        )

    async def prove(self, canaries: Canaries, *, is_fresh: bool) -> None:
        """Raise `SwapError` unless the weights are those of `expert`."""
        hosted = self._hosted
        with translated(hosted.expert.id):
            await canaries.prove(
                self.live,
                hosted.expert.id,
                folder=hosted.folder,
                backend=hosted.backend,
                is_fresh=is_fresh,
                notebook=fetched.notebook(),
            )

    async def generate(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Answer with the weights that are loaded; see `Engine.generate`."""
        with translated(call.expert):
            request, answer = await _submit(self.live, self._hosted, call)
            try:
                async for chunk in _chunks(request, answer, is_read_along=call.stream):
                    yield chunk
            finally:
                await request.close()

    async def embed(self, call: EmbedCall) -> Vectors:
        """Refused: this engine's weights make text."""
        raise UnsupportedParameterError(
            f"expert {call.expert!r} answers with text and does not embed", param="model"
        )

    def check(self) -> None:
        """Raise `EngineDeadError` when the engine is gone."""
        self.live.check()

    async def close(self) -> None:
        """End the engine's processes; calls in flight fail with `EngineDeadError`."""
        await self.live.close()


async def _submit(
    live: LiveEngine, hosted: HostedExpert, call: Call
) -> tuple[Request, AnswerReader]:
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
        request = await live.submit(
            call.id, prompt_token_ids=token_ids, params=params, timeout_s=call.timeout_s
        )
    answer = AnswerReader(
        reading,
        num_choices=call.sampling.n,
        are_copies=params.n < call.sampling.n,
        expert_id=call.expert,
    )
    return request, answer


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
            await request.gather()
    if not is_read_along:
        yield join_chunks(kept)
