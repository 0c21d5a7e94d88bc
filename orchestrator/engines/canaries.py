"""The canaries one engine has seen, and the proof after each load."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tokenizers import Tokenizer

from orchestrator.engines.canary import (
    FILE,
    Canary,
    Conditions,
    Greedy,
    check_canary,
    stored_canary,
)
from orchestrator.engines.notes import Notebook
from orchestrator.engines.weights import fingerprint

#: Continued when a canary is recorded; the one whose tokens are least in doubt is kept.
PROMPTS = ("The quick brown fox", "1, 2, 3,", "Question: what is", "To be or not")

_logger = logging.getLogger(__name__)


class Continues(Protocol):
    """An engine that continues prompts greedily."""

    @property
    def conditions(self) -> Conditions:
        """What its log-probabilities depend on besides the weights."""
        ...

    async def greedy(self, prompt_token_ids: Sequence[int]) -> Greedy:
        """Continue a prompt by the canary's number of tokens."""
        ...


class Repeats(Continues, Protocol):
    """An engine that also says quickly whether it would continue so."""

    async def repeat(self, canary: Canary) -> Greedy:
        """What it says in place of the canary's tokens, each after those before it."""
        ...


class Canaries:
    """Canaries by the fingerprint of the weights they were recorded from."""

    def __init__(self) -> None:
        self._by_weights: dict[str, Canary] = {}

    async def prove(
        self,
        engine: Repeats,
        expert_id: str,
        *,
        folder: Path | None,
        backend: Tokenizer,
        is_fresh: bool,
        base: Path | None = None,
        notebook: Notebook | None = None,
    ) -> None:
        """Compare what `engine` says with what is known of these weights, or record it.

        Args:
            engine: holds the weights that are to be proved.
            expert_id: for messages.
            folder: of the weights; `None` for those of a hub, whose canary lives with the engine.
            backend: tokenizer of the expert.
            is_fresh: whether the engine was started with these weights, not reloaded.
            base: folder of the weights that an adapter in `folder` is on.
            notebook: keeps what a fresh engine gives, for weights without a `canary.json`.

        Raises:
            SwapError: these are not the expert's own weights.
        """
        weights = fingerprint(folder, base=base) if folder else f"hub:{expert_id}"
        known, kept_in = _stored(weights, engine.conditions, folder, base, notebook)
        known = known or self._known(weights, is_fresh=is_fresh)
        if known is None:
            first = await self._first(engine, expert_id, backend=backend, is_fresh=is_fresh)
            self._by_weights[weights] = first
            if is_fresh and folder is not None and notebook is not None:
                await asyncio.to_thread(notebook.add_canary, weights, first)
            return
        seen = await (engine.greedy(known.prompt_token_ids) if is_fresh else engine.repeat(known))
        check_canary(expert_id, known, seen, kept_in=kept_in)

    def _known(self, weights: str, *, is_fresh: bool) -> Canary | None:
        """What was recorded here; a fresh start knows better than a first reload."""
        known = self._by_weights.get(weights)
        return None if known is not None and is_fresh and known.origin != "fresh" else known

    async def _first(
        self, engine: Continues, expert_id: str, *, backend: Tokenizer, is_fresh: bool
    ) -> Canary:
        canary = await record_canary(engine, backend)
        if is_fresh:
            return canary
        _logger.warning(
            "expert %r was reloaded without a recorded canary: this load cannot be proved, only "
            "later ones; run `python -m orchestrator.engines.record_canary` on its folder",
            expert_id,
        )
        return canary.model_copy(update={"origin": "first_reload"})


def _stored(
    weights: str,
    conditions: Conditions,
    folder: Path | None,
    base: Path | None,
    notebook: Notebook | None,
) -> tuple[Canary | None, Path | None]:
    """The canary on this machine's disk, beside the weights or in the notes, and where it lies."""
    if folder is None:
        return None, None
    if (beside := stored_canary(folder, conditions, base=base, weights=weights)) is not None:
        return beside, folder / FILE
    noted = notebook.read(weights).canary(conditions) if notebook is not None else None
    return noted, notebook.path(weights) if notebook is not None else None


async def record_canary(engine: Continues, backend: Tokenizer) -> Canary:
    """Continue every prompt and keep the continuation whose tokens are least in doubt.

    A token that is only just ahead of the next may lose on another processor's arithmetic.
    """
    found: list[tuple[float, Canary]] = []
    for prompt in PROMPTS:
        token_ids = backend.encode(prompt, add_special_tokens=True).ids
        greedy = await engine.greedy(token_ids)
        canary = Canary(
            conditions=engine.conditions,
            prompt_token_ids=tuple(token_ids),
            token_ids=greedy.token_ids,
            logprobs=greedy.logprobs,
        )
        found.append((greedy.margin, canary))
    return max(found, key=lambda entry: entry[0])[1]
