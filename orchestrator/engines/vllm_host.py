"""A started vLLM engine: its weights, its experts and their answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vllm.lora.request import LoRARequest

from orchestrator.engines import fetched
from orchestrator.engines.base import Call, Chunk
from orchestrator.engines.canaries import Canaries
from orchestrator.engines.canary import Canary, Conditions, Greedy
from orchestrator.engines.choices import Reading
from orchestrator.engines.deltas import join_chunks
from orchestrator.engines.embedding import EmbedCall, Vectors
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.vllm_answer import AnswerReader
from orchestrator.engines.vllm_errors import refused, translated
from orchestrator.engines.vllm_expert import ExpertShelf, HostedExpert, source_of
from orchestrator.engines.vllm_live import LiveEngine
from orchestrator.engines.vllm_pooling import VllmPooling
from orchestrator.engines.vllm_reloading import Reloading, required
from orchestrator.engines.vllm_request import Request
from orchestrator.engines.vllm_sampling import check_served, sampling_params
from orchestrator.engines.vllm_starting import start_live
from orchestrator.errors import SwapError, UnsupportedParameterError
from orchestrator.registry.lora import check_adapts, read_adapter
from orchestrator.registry.models import Expert
from orchestrator.residency.state import Footprint, Rung


async def begin(lineage: Lineage, expert: Expert) -> VllmRunning | VllmPooling:
    """Start an engine with the weights of `expert`; nothing is proved yet."""
    begun_s = time.monotonic()
    live = await start_live(expert, source_of(lineage, expert), max_lora_rank=lineage.max_lora_rank)
    folder, took_s = lineage.folder(expert), time.monotonic() - begun_s
    await fetched.note_load(folder, "start", conditions=live.conditions, seconds=took_s)
    kind = VllmPooling if expert.embeds else VllmRunning
    try:
        return await asyncio.to_thread(kind, lineage, live, expert)
    except BaseException:
        await live.close()
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Added:
    """An adapter on the weights, and the name it goes by in vLLM until it is taken away."""

    expert: Expert
    hosted: HostedExpert
    lora: LoRARequest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voice:
    """The engine as it speaks for one expert: what a canary listens to."""

    live: LiveEngine
    lora: LoRARequest | None

    @property
    def conditions(self) -> Conditions:
        return self.live.conditions

    async def greedy(self, prompt_token_ids: Sequence[int]) -> Greedy:
        return await self.live.greedy(prompt_token_ids, lora=self.lora)

    async def repeat(self, canary: Canary) -> Greedy:
        if self.live.takes_adapters:  # vLLM's output layer maps adapters to sampled rows alone
            return await self.greedy(canary.prompt_token_ids)
        return await self.live.repeat(canary.prompt_token_ids, canary.token_ids)


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
        self._added: list[_Added] = []
        self._reloading = Reloading(live, self._hosted.folder, source=self._hosted.source)

    @property
    def expert(self) -> Expert:
        """Whose weights were loaded last."""
        return self._hosted.expert

    @property
    def adapters(self) -> tuple[Expert, ...]:
        """Those that are on the weights."""
        return tuple(added.expert for added in self._added)

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """Rungs it can take, as its platform has them."""
        return self.live.rungs

    @property
    def num_unfinished(self) -> int:
        """Requests vLLM has not ended."""
        return self.live.num_unfinished

    def prepare(self, expert: Expert) -> None:
        """Read what is needed of `expert`; `SwapError` where its tensors do not fit."""
        fetched.bring_for_swap(expert)
        hosted = self._shelf.get(expert)
        if expert.is_adapter:
            adapter = read_adapter(_folder_of(hosted))
            if self._reloading.checkpoint is not None:
                check_adapts(adapter, self._reloading.checkpoint)
        else:
            self._reloading.check(hosted.folder)

    async def reload(self, expert: Expert) -> None:
        """Load the weights of `expert` in place; `SwapError` where only a restart helps."""
        hosted = self._shelf.get(expert)
        folder = required(expert, hosted.folder)
        self._hosted = hosted
        self._added.clear()  # vLLM drops adapters with the weights they are on
        await self._reloading.reload(folder)

    async def sleep(self, rung: Rung) -> None:
        """Let device memory go; `SwapError` where only a restart helps."""
        await self.live.sleep(rung)

    async def wake(self, expert: Expert) -> None:
        """Come back with the weights of `expert`; raises as `Reloading.wake`.

        Adapters lie in the pool of the weights: they outlive a sleep in which those are kept, and
        a load drops them.
        """
        hosted = self._shelf.get(expert)
        if not self._reloading.keeps(hosted.source):
            self._added.clear()
        await self._reloading.wake(expert, source=hosted.source, folder=hosted.folder)
        self._hosted = hosted

    async def measure(self) -> Footprint | None:
        """Memory it holds, `None` where that cannot be told."""
        return await self.live.measure()

    async def add(self, adapter: Expert) -> None:
        """Put an adapter on the weights; `SwapError` where vLLM refuses it and goes on."""
        hosted = self._shelf.get(adapter)
        lora = await self.live.add(adapter.id, _folder_of(hosted))
        self._added.append(_Added(expert=adapter, hosted=hosted, lora=lora))

    async def remove(self, adapter: Expert) -> None:
        """Take an adapter away; one that is not there is none."""
        for added in [one for one in self._added if one.expert == adapter]:
            self._added.remove(added)
            await self.live.remove(added.lora)

    async def prove(self, canaries: Canaries, expert: Expert, *, is_fresh: bool) -> None:
        """Raise `SwapError` unless what answers for `expert` is its own."""
        hosted, lora = self._voice_of(expert)
        with translated(expert.id):
            await canaries.prove(
                _Voice(live=self.live, lora=lora),
                expert.id,
                folder=hosted.adapter_folder or hosted.folder,
                base=hosted.folder if lora is not None else None,
                backend=hosted.backend,
                is_fresh=is_fresh,
                notebook=fetched.notebook(),
            )

    async def generate(self, expert: Expert, call: Call) -> AsyncGenerator[Chunk, None]:
        """Answer for `expert`, loaded or added; see `Engine.generate`."""
        with translated(call.expert):
            hosted, lora = self._voice_of(expert)
            request, answer = await _submit(self.live, hosted, call, lora=lora)
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

    def _voice_of(self, expert: Expert) -> tuple[HostedExpert, LoRARequest | None]:
        if not expert.is_adapter:
            return self._hosted, None
        added = next(one for one in self._added if one.expert is expert)
        return added.hosted, added.lora

    def check(self) -> None:
        """Raise `EngineDeadError` when the engine is gone."""
        self.live.check()

    async def close(self) -> None:
        """End the engine's processes; calls in flight fail with `EngineDeadError`."""
        await self.live.close()


def _folder_of(hosted: HostedExpert) -> Path:
    if hosted.adapter_folder is None:
        raise SwapError(
            f"expert {hosted.expert.id!r}: its adapter {hosted.expert.adapter!r} is no folder here"
        )
    return hosted.adapter_folder


async def _submit(
    live: LiveEngine, hosted: HostedExpert, call: Call, *, lora: LoRARequest | None
) -> tuple[Request, AnswerReader]:
    check_served(call, hosted)
    parsing = hosted.parsers.open(call)
    token_ids = [*hosted.prompting.token_ids(call), *call.begun]
    reading = Reading(
        backend=hosted.backend,
        spelling=hosted.spelling,
        prompt_token_ids=token_ids,
        stop_token_ids=hosted.stop_token_ids,
        stops=call.sampling.stop,
        parsing=parsing,
        num_top=call.sampling.top_logprobs,
        echo=hosted.prompting.text(call.prompt) if call.echo else "",
        tells_ids=call.stream and call.sampling.n == 1,
    )
    with refused(call.expert):
        params = sampling_params(
            call,
            hosted,
            num_prompt_tokens=len(token_ids),
            constraint=parsing.constraint if parsing else None,
        )
        request = await live.submit(
            call.id,
            prompt_token_ids=token_ids,
            params=params,
            timeout_s=call.timeout_s,
            lora=lora,
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
