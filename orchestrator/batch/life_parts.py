"""What every batch's life is given: nothing of it is looked up or built there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.batch.batch_spans import BatchSpans
from orchestrator.batch.claim import Claim
from orchestrator.batch.endpoint import Endpoint
from orchestrator.batch.executing import Executor
from orchestrator.batch.files import Files
from orchestrator.batch.settings import BatchSettings
from orchestrator.batch.storage import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeParts:
    """Shared by the batches of one office."""

    storage: Storage
    files: Files
    endpoint: Endpoint
    executor: Executor
    claim: Claim
    #: Unix time, seconds.
    clock: Callable[[], float]
    #: The executor's, in which deadlines are told, seconds.
    monotonic: Callable[[], float]
    settings: BatchSettings
    #: Input files that are read through at a time.
    validating: asyncio.Semaphore
    #: Of batches that are under way.
    spans: BatchSpans
