"""A started vLLM engine that embeds: its weights, its experts and their vectors."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from vllm import PoolingParams

from orchestrator.engines import fetched
from orchestrator.engines.base import Call, Chunk
from orchestrator.engines.canaries import Canaries
from orchestrator.engines.canary import (
    VECTOR_PROBE,
    Canary,
    Conditions,
    Greedy,
    greedy_of_vector,
)
from orchestrator.engines.embed_inputs import EmbedInputs, vector_length
from orchestrator.engines.embedding import EmbedCall, Matrix, Vectors
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.vllm_errors import refused, translated
from orchestrator.engines.vllm_expert import load_tokenizer, source_of
from orchestrator.engines.vllm_live import LiveEngine
from orchestrator.engines.vllm_reloading import Reloading, required
from orchestrator.engines.vllm_request import Request
from orchestrator.errors import (
    EngineProtocolError,
    EngineTimeoutError,
    SwapError,
    UnsupportedParameterError,
)
from orchestrator.registry.models import Expert
from orchestrator.residency.state import Footprint, Rung

#: Inputs of one call that vLLM holds at once: enough to fill its batches, few enough that another
#: caller's single text does not wait for two thousand.
MAX_OPEN = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hosted:
    """An embedding expert as its engine sees it."""

    expert: Expert
    folder: Path | None
    inputs: EmbedInputs


class VllmPooling:
    """See `Running`.

    Args:
        lineage: of the engine.
        live: the engine.
        first: the expert whose weights it was started with.
    """

    def __init__(self, lineage: Lineage, live: LiveEngine, first: Expert) -> None:
        self.live = live
        self._lineage = lineage
        self._lengths = _lengths(live)
        self._hosted_by_id: dict[str, _Hosted] = {}
        self._hosted = self._load(first)
        self._reloading = Reloading(live, self._hosted.folder, source=source_of(lineage, first))

    @property
    def expert(self) -> Expert:
        """Whose weights were loaded last."""
        return self._hosted.expert

    @property
    def adapters(self) -> tuple[Expert, ...]:
        """None: engines that embed are started without room for them."""
        return ()

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
        self._reloading.check(self._load(expert).folder)

    async def reload(self, expert: Expert) -> None:
        """Load the weights of `expert` in place; `SwapError` where only a restart helps."""
        hosted = self._load(expert)
        folder = required(expert, hosted.folder)
        self._hosted = hosted
        await self._reloading.reload(folder)

    async def sleep(self, rung: Rung) -> None:
        """Let device memory go; `SwapError` where only a restart helps."""
        await self.live.sleep(rung)

    async def wake(self, expert: Expert) -> None:
        """Come back with the weights of `expert`; raises as `Reloading.wake`."""
        hosted = self._load(expert)
        source = source_of(self._lineage, expert)
        await self._reloading.wake(expert, source=source, folder=hosted.folder)
        self._hosted = hosted

    async def measure(self) -> Footprint | None:
        """Memory it holds, `None` where that cannot be told."""
        return await self.live.measure()

    async def add(self, adapter: Expert) -> None:
        """Refused: engines that embed are started without room for adapters."""
        raise SwapError(f"expert {adapter.id!r} is an adapter, and {self.expert.id!r} embeds")

    async def remove(self, adapter: Expert) -> None:
        """There are none."""

    async def prove(self, canaries: Canaries, expert: Expert, *, is_fresh: bool) -> None:
        """Raise `SwapError` unless the weights are those of `expert`."""
        del expert  # it has no adapters, so it is the one whose weights were loaded last
        hosted = self._hosted
        with translated(hosted.expert.id):
            await canaries.prove(
                _Probe(self.live),
                hosted.expert.id,
                folder=hosted.folder,
                backend=hosted.inputs.backend,
                is_fresh=is_fresh,
                notebook=fetched.notebook(),
            )

    def generate(self, expert: Expert, call: Call) -> AsyncGenerator[Chunk, None]:
        """Refused: this engine's weights make no text."""
        raise UnsupportedParameterError(
            f"expert {expert.id!r} embeds and makes no text", param="model"
        )

    async def embed(self, call: EmbedCall) -> Vectors:
        """Embed with the weights that are loaded; see `Embedder.embed`."""
        hosted = self._hosted
        with translated(call.expert):
            length = vector_length(
                call, full=self.live.engine.model_config.embedding_size, lengths=self._lengths
            )
            token_ids = await asyncio.to_thread(hosted.inputs.token_ids, call)
            with refused(call.expert):
                params = PoolingParams(task="embed", dimensions=length)
            try:
                async with asyncio.timeout(call.timeout_s):
                    values = await _pooled(self.live, call.id, token_ids, params)
            except TimeoutError as exc:
                raise EngineTimeoutError(
                    f"expert {call.expert!r} did not embed {len(token_ids)} input(s) within "
                    f"{call.timeout_s:g} s"
                ) from exc
        if not np.isfinite(values).all():
            raise EngineProtocolError(
                f"expert {call.expert!r} made a vector with infinite numbers: its engine.dtype "
                "is too narrow for its weights, float32 is not"
            )
        return Vectors(values=values, num_tokens=sum(map(len, token_ids)))

    def check(self) -> None:
        """Raise `EngineDeadError` when the engine is gone."""
        self.live.check()

    async def close(self) -> None:
        """End the engine's processes; calls in flight fail with `EngineDeadError`."""
        await self.live.close()

    def _load(self, expert: Expert) -> _Hosted:
        hosted = self._hosted_by_id.get(expert.id)
        if hosted is None or hosted.expert != expert:
            hosted = self._hosted_by_id[expert.id] = self._read(expert)
        return hosted

    def _read(self, expert: Expert) -> _Hosted:
        config = self.live.engine.model_config
        tokenizer = load_tokenizer(expert, source_of(self._lineage, expert))
        inputs = EmbedInputs(
            expert.id,
            tokenizer.backend_tokenizer,
            max_model_len=config.max_model_len,
            vocab_size=config.get_vocab_size(),
            lowercases=bool((config.encoder_config or {}).get("do_lower_case", False)),
        )
        return _Hosted(expert=expert, folder=self._lineage.folder(expert), inputs=inputs)


class _Probe:
    """An embedder as canaries see it."""

    def __init__(self, live: LiveEngine) -> None:
        self._live = live

    @property
    def conditions(self) -> Conditions:
        """Other than those of an engine that generates with the same weights."""
        return self._live.conditions.model_copy(update={"task": "embed", "probe": VECTOR_PROBE})

    async def greedy(self, prompt_token_ids: Sequence[int]) -> Greedy:
        """The first numbers of the prompt's vector."""
        params = PoolingParams(task="embed")
        (vector,) = await _pooled(self._live, "canary", [list(prompt_token_ids)], params)
        return greedy_of_vector(vector.tolist())

    async def repeat(self, canary: Canary) -> Greedy:
        """The same: a vector is one step."""
        return await self.greedy(canary.prompt_token_ids)


async def _pooled(
    live: LiveEngine, request_id: str, token_ids: Sequence[list[int]], params: PoolingParams
) -> Matrix:
    """A row an input, `MAX_OPEN` of them at a time; vLLM ends them about in order."""
    rows: list[Matrix] = []
    waiting: deque[Request] = deque()
    try:
        for ids in token_ids:
            if len(waiting) == MAX_OPEN:
                rows.append(await _row(waiting[0]))
                await waiting.popleft().close()
            waiting.append(
                await live.submit(request_id, prompt_token_ids=ids, params=params.clone())
            )
        while waiting:
            rows.append(await _row(waiting[0]))
            await waiting.popleft().close()
    finally:
        for request in waiting:
            await request.close()
    return np.stack(rows)


async def _row(request: Request) -> Matrix:
    output = await request.next()
    vector: Matrix = output.outputs.data.float().numpy()
    return vector


def _lengths(live: LiveEngine) -> tuple[int, ...]:
    """Lengths of vectors that the model is trained for besides the whole."""
    config = live.engine.model_config
    if not config.is_matryoshka:
        return ()
    named = config.matryoshka_dimensions
    return tuple(named) if named else tuple(range(1, config.embedding_size))
