"""A bulk batch from its input to its last file: cut up, route, look for duplicates, answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.registry.models import Registry
from orchestrator.service.bulk import job as jobs
from orchestrator.service.bulk.answering import Answering, Output, Written
from orchestrator.service.bulk.asking import Asking, Service
from orchestrator.service.bulk.duplicates import Duplicates, find_duplicates
from orchestrator.service.bulk.folder import PARTIAL, Folder
from orchestrator.service.bulk.inventory import Chunk, Inventory
from orchestrator.service.bulk.job import Job, Terms
from orchestrator.service.bulk.lanes import lanes
from orchestrator.service.bulk.on_ray import Order, routed_on_ray
from orchestrator.service.bulk.reading import Reading
from orchestrator.service.bulk.routed import DONE, SCRATCH, RoutedBlock, summary_path
from orchestrator.service.bulk.slots import slots_of
from orchestrator.service.bulk.source import Source

#: Summaries of blocks that are read at once.
_READERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a job that is complete has written; rows."""

    num_answers: int
    num_errors: int


class Bulk:
    """One job, from where it stands.

    Args:
        source: what is to be answered.
        out: where results and errors go.
        work: where the job is kept and what is routed.
        terms: what it is begun, or gone on, with.

    Raises:
        SetupError: the input cannot be read as rows, or the job was begun otherwise.
        StorageError: a folder cannot be read or written.
    """

    def __init__(self, source: Source, out: Folder, work: Folder, *, terms: Terms) -> None:
        self._source = source
        self._out = out
        self._work = work
        self._terms = terms
        self._blocks = source.blocks(block_bytes=terms.block_bytes)
        self._output = Output(out, terms.format)
        self._job = jobs.opened(work, out, terms, num_blocks=len(self._blocks))
        self._inventory: Inventory | None = None

    @property
    def job(self) -> Job:
        """As it is stored."""
        return self._job

    @property
    def num_blocks(self) -> int:
        """Of the input."""
        return len(self._blocks)

    @property
    def spill(self) -> Path | None:
        """Where Ray may put what it has no room for; `None` where the job is elsewhere."""
        here = self._work.local_path
        return None if here is None else here / "spilled"

    def told(self) -> dict[str, Any]:
        """How far it is, for who began it."""
        told: dict[str, Any] = {
            "id": self._job.id,
            "is_complete": self._job.is_complete,
            "results": f"{self._out.url}/{jobs.RESULTS}",
            "errors": f"{self._out.url}/{jobs.ERRORS}",
        }
        if self._job.is_complete:
            counts = {"num_answers": self._job.num_answers, "num_errors": self._job.num_errors}
            return told | counts
        by_expert = self.settle().num_rows_by_expert
        num_faults = self.settle().num_rows - sum(by_expert.values())
        return told | {"num_rows_by_expert": dict(by_expert), "num_faults": num_faults}

    def unrouted(self) -> int:
        """Blocks that are to be routed still."""
        return len(self._left())

    def route(
        self, registry: Registry, *, num_workers: int, heard: Callable[[RoutedBlock], None]
    ) -> None:
        """Route what is left, in the Ray that this process has joined.

        Args:
            registry: its folders are there on every node.
            num_workers: processes at most.
            heard: told of each block that is routed.

        Raises:
            SetupError: Ray gives up.
            StorageError: files cannot be read or written.
        """
        blocks = [self._blocks[number] for number in self._left()]
        for routed in routed_on_ray(blocks, self._order(registry), num_workers=num_workers):
            heard(routed)

    def route_here(self, registry: Registry, *, heard: Callable[[RoutedBlock], None]) -> None:
        """Route what is left in this process: for inputs that a cluster is not worth.

        Raises:
            StorageError: files cannot be read or written.
        """
        routing = self._order(registry).routing()
        for number in self._left():
            heard(routing.route(self._blocks[number]))

    def settle(self) -> Inventory:
        """Take stock of what is routed, and find rows that have another's id.

        Raises:
            StorageError: files cannot be read or written.
        """
        if self._inventory is None:
            self._inventory = Inventory(self._blocks, self._routed())
            find_duplicates(
                self._work, num_blocks=self.num_blocks, num_rows=self._inventory.num_rows
            )
        return self._inventory

    def unanswered(self) -> list[Chunk]:
        """Chunks whose rows are to be answered still."""
        done = self._output.done()
        every = self.settle().chunks(chunk_rows=self._terms.chunk_rows)
        return [chunk for chunk in every if chunk.name not in done]

    async def answer(
        self, service: Service, *, at_once: int, heard: Callable[[Written], None]
    ) -> Outcome:
        """Answer what is left; returns when every row has its answer or its error.

        Args:
            service: who answers.
            at_once: requests under way on each slot.
            heard: told of each chunk that is written.

        Raises:
            SetupError: the service cannot be reached.
            StorageError: files cannot be read or written.
        """
        slots = await slots_of(service)
        ordered = lanes(self.unanswered(), slots)
        async with Asking(service, at_once=at_once * max(len(ordered), 1)) as asking:
            answering = Answering(
                Reading(self._work, self.settle(), Duplicates(self._work)),
                asking,
                self._output,
                at_once=at_once,
                heard=heard,
            )
            await answering.run(ordered)
        return self._complete()

    def _order(self, registry: Registry) -> Order:
        return Order(
            source=self._source.folder,
            work=self._work,
            registry=registry,
            model=self._terms.model,
            max_line_bytes=self._terms.max_line_bytes,
        )

    def _complete(self) -> Outcome:
        num_errors = self._output.num_errors()
        outcome = Outcome(num_answers=self.settle().num_rows - num_errors, num_errors=num_errors)
        self._job = self._job.model_copy(
            update={
                "is_complete": True,
                "num_answers": outcome.num_answers,
                "num_errors": outcome.num_errors,
            }
        )
        jobs.stored(self._work, self._job)
        for name in SCRATCH:
            self._work.delete_below(name)
        self._out.delete_below(PARTIAL)
        return outcome

    def _left(self) -> list[int]:
        done = {Path(one.path).name for one in self._work.entries(DONE)}
        return [
            block.number
            for block in self._blocks
            if Path(summary_path(block.number)).name not in done
        ]

    def _routed(self) -> Iterator[RoutedBlock]:
        with ThreadPoolExecutor(_READERS) as pool:
            paths = (summary_path(block.number) for block in self._blocks)
            for content in pool.map(self._work.read, paths):
                yield RoutedBlock.model_validate_json(content)
