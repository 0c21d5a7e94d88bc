"""Experts that say again what was recorded: for evaluation without a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from orchestrator.engines.base import Call, Chat, Chunk, Text
from orchestrator.engines.scripts import Performance, Script, last_user_text
from orchestrator.errors import EngineDeadError, NotRecordedError, UnsupportedParameterError
from orchestrator.registry.engine_entry import ReplayEngine as ReplaySpec
from orchestrator.registry.models import Expert
from orchestrator.registry.recordings import Recordings, check_installed, read_recordings

_MAX_SHOWN_CHARS = 60


class ReplayEngine:
    """Answers by the recordings of one model.

    The prompt is the last user turn, or the raw text, letter by letter. Sample `seed + i` answers
    choice `i`, beginning again after the last; other sampling was settled when it was recorded.
    A token is a word with the blanks before it.

    Make it anywhere: the file is read in a thread, which the first call waits for.

    Args:
        expert: of engine kind `replay`.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """

    def __init__(self, expert: Expert) -> None:
        assert isinstance(expert.engine, ReplaySpec)
        check_installed()
        self._expert = expert
        self._is_closed = False
        reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"read-{expert.id}")
        path = Path(expert.engine.answers)
        self._recordings = reader.submit(read_recordings, path, expert.engine.model)
        reader.shutdown(wait=False)

    async def generate(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Say what was recorded; see `Engine.generate`.

        Raises:
            NotRecordedError: there is no answer to this prompt.
            UnsupportedParameterError: what no recording can honour.
            RegistryError: the file is not what it should be.
        """
        self._check(call)
        recordings = await asyncio.shield(asyncio.wrap_future(self._recordings))
        performance = Performance(call, self._script(call, recordings))
        while not performance.is_over:
            if self._is_closed:
                raise EngineDeadError(f"expert {self._expert.id!r}: its recordings were closed")
            chunk = performance.step()
            if call.stream:
                yield chunk
        if not call.stream:
            yield performance.whole()

    async def close(self) -> None:
        """Calls in flight and later ones fail with `EngineDeadError`."""
        self._is_closed = True
        self._recordings.cancel()

    def _check(self, call: Call) -> None:
        if self._is_closed:
            raise EngineDeadError(f"expert {self._expert.id!r}: its recordings were closed")
        asked = {
            "logprobs": call.sampling.top_logprobs is not None,
            "response_format": call.structure is not None,
            "tools": isinstance(call.prompt, Chat) and bool(call.prompt.tools),
            "prompt": isinstance(call.prompt, Text) and call.prompt.token_ids is not None,
        }
        for param, is_asked in asked.items():
            if is_asked:
                raise UnsupportedParameterError(
                    f"expert {self._expert.id!r} says again what was recorded, and cannot honour "
                    f"this {param!r}: recordings are texts by text, without scores or tools",
                    param=param,
                )

    def _script(self, call: Call, recordings: Recordings) -> Script:
        prompt = last_user_text(call)
        samples = recordings.answers_to(prompt)
        if not samples:
            raise NotRecordedError(
                f"expert {self._expert.id!r}: no answer of {recordings.model!r} to this prompt of "
                f"{len(prompt)} characters is recorded, {prompt[:_MAX_SHOWN_CHARS]!r}...; "
                f"{recordings.path!r} has {len(recordings.samples)} prompts, each to be sent "
                "letter by letter as the last user turn",
                param="messages" if isinstance(call.prompt, Chat) else "prompt",
            )
        first = (call.sampling.seed or 0) % len(samples)
        return Script(says=samples[first:] + samples[:first], is_literal=True)
