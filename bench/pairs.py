"""Words after each swap of each sibling to each other: `python -m bench.pairs REGISTRY FRESH OUT`.

One engine a lineage walks all ordered pairs; at each stop the expert, and the adapters on it, are
asked what the fresh engines were asked.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import orjson

from bench.spoken import MAX_TOKENS, Spoken, Words, circuit, difference, generators, read_words
from orchestrator.engines.base import Call, Sampling, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.lineage import Lineage, lineages
from orchestrator.engines.sibling_host import SiblingHost
from orchestrator.engines.vllm import start_vllm
from orchestrator.registry.models import Expert


class Compared:
    """What differed from the fresh engines, and by how much."""

    def __init__(self, fresh: Words) -> None:
        self._fresh = fresh
        self.num_answers = 0
        self.worst = 0.0
        self.different: list[str] = []
        self.swaps: list[str] = []

    async def ask(self, host: SiblingHost, expert: Expert, *, before: str) -> None:
        """Compare all answers of a resident expert."""
        for known in self._fresh[expert.id]:
            said = await _said(host, expert, known)
            by = difference(said, known)
            self.num_answers += 1
            self.worst = max(self.worst, by or 0.0)
            if by is None:
                self.different.append(
                    f"{expert.id} after {before}: {said.text!r}, fresh {known.text!r}"
                )

    def figures(self) -> dict[str, Any]:
        """All of it."""
        return {
            "num_swaps": len(self.swaps),
            "num_answers": self.num_answers,
            "worst_logprob_difference": self.worst,
            "num_different": len(self.different),
            "different": self.different[:20],
        }


async def _said(host: SiblingHost, expert: Expert, known: Spoken) -> Spoken:
    call = Call(
        id="words",
        expert=expert.id,
        version=expert.version,
        generation=1,
        prompt=Text(token_ids=known.prompt_token_ids),
        sampling=Sampling(temperature=0.0, max_tokens=MAX_TOKENS, top_logprobs=0),
    )
    (choice,) = (await collect(host.generate(call))).choices
    scores = tuple(token.logprob for token in choice.logprobs)
    return Spoken(prompt_token_ids=known.prompt_token_ids, text=choice.text, logprobs=scores)


async def walk(lineage: Lineage, compared: Compared) -> None:
    """All ordered pairs of one lineage."""
    weights = {one.id: one for one in lineage.experts if not one.is_adapter}
    host, before = None, "its start"
    for name in circuit(list(weights)):
        if host is None:
            host = await start_vllm(lineage, first=name)
        else:
            await host.become(weights[name])
            compared.swaps.append(f"{before} -> {name}")
        await _ask_all(host, weights[name], lineage, compared, before=before)
        before = name
    if host is not None:
        await host.close()


async def _ask_all(
    host: SiblingHost, expert: Expert, lineage: Lineage, compared: Compared, *, before: str
) -> None:
    await compared.ask(host, expert, before=before)
    for adapter in lineage.experts:
        if adapter.is_adapter and adapter.base == expert.id:
            if adapter.id not in {one.id for one in host.residents}:
                await host.add(adapter)
            await compared.ask(host, adapter, before=before)


async def run(registry: Path, fresh: Words) -> dict[str, Any]:
    """All lineages, one after another."""
    compared = Compared(fresh)
    for lineage in lineages(generators(registry), registry.parent):
        await walk(lineage, compared)
    return compared.figures()


def main() -> None:
    """Command line."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    registry, fresh, out = (Path(argument) for argument in sys.argv[1:])
    out.write_bytes(orjson.dumps(asyncio.run(run(registry, read_words(fresh)))))


if __name__ == "__main__":
    main()
