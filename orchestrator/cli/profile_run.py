"""Puts questions to experts and draws how far it is; for every command that needs answers."""

from __future__ import annotations

import time
from collections.abc import Sequence

from orchestrator.cli.profile_screen import Bars
from orchestrator.client import AsyncClient
from orchestrator.profiling.asking import Asking
from orchestrator.profiling.experts import Definitions, chosen
from orchestrator.profiling.journal import Journal
from orchestrator.profiling.run import Profiling
from routers.datasets import Example


async def asked(
    client: AsyncClient,
    examples: Sequence[Example],
    asking: Asking,
    journal: Journal,
    *,
    wanted: Sequence[str] = (),
    at_once: int = 16,
) -> None:
    """Ask everything that the journal has no outcome of.

    Args:
        client: of whoever has the experts; closed at the end.
        examples: the questions.
        asking: how they are put.
        journal: takes the outcomes.
        wanted: ids of experts; empty for every one that answers with text.
        at_once: questions that an expert has at a time.

    Raises:
        OrchestratorError: an expert failed for longer than retries last, or is another one now.
    """
    async with client:
        versions = chosen(await client.models(), wanted)
        journal.check(asked=asking.told, version_by_expert=versions)
        with Bars(versions, total=len(examples) * asking.num_samples) as bars:
            for outcome in journal.outcomes:
                bars.heard(outcome)
            await Profiling(
                client=client,
                asking=asking,
                journal=journal,
                definitions=Definitions(client, versions),
                num_at_once=at_once,
                clock=time.perf_counter,
                heard=bars.heard,
            ).run(examples)
