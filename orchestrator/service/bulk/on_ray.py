"""Blocks routed by Ray Data: processes that load the routers once and take block after block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from orchestrator.errors import OrchestratorError, SetupError, StorageError
from orchestrator.registry.models import Registry
from orchestrator.service.bulk.deciding import Deciding
from orchestrator.service.bulk.folder import Folder
from orchestrator.service.bulk.routed import RoutedBlock
from orchestrator.service.bulk.routing import BlockRouting
from orchestrator.service.bulk.source import Block

_Batch = Mapping[str, npt.NDArray[Any]]
#: Blocks that wait at a process while it routes one.
_AHEAD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What every process that routes is told."""

    source: Folder
    work: Folder
    registry: Registry
    model: str
    max_line_bytes: int

    def routing(self) -> BlockRouting:
        """What does it; loads the routers.

        Raises:
            RegistryError: a router cannot be used.
        """
        return BlockRouting(
            self.source,
            self.work,
            Deciding(self.registry),
            model=self.model,
            max_line_bytes=self.max_line_bytes,
        )


class RoutesBlocks:
    """One process that routes.

    Args:
        order: what it is told.
    """

    def __init__(self, order: Order) -> None:
        self._routing = order.routing()

    def __call__(self, batch: _Batch) -> _Batch:
        """Route the blocks of a batch; a fault of ours is told as a value."""
        return {"told": np.array([self._told(text) for text in batch["block"]], dtype=object)}

    def _told(self, text: str) -> str:
        block = Block(**orjson.loads(text))
        try:
            return self._routing.route(block).model_dump_json()
        except OrchestratorError as error:
            return orjson.dumps({"fault": error.message}).decode()


def routed_on_ray(
    blocks: Sequence[Block], order: Order, *, num_workers: int
) -> Iterator[RoutedBlock]:
    """Route blocks in the Ray that this process is part of; yields each as it is done.

    A block whose process or node dies is routed again elsewhere, into the same files.

    Args:
        blocks: what is left.
        order: what every process is told.
        num_workers: processes at most, a CPU each.

    Raises:
        StorageError: a block cannot be read or written.
        SetupError: Ray gives up.
    """
    import ray
    from ray.exceptions import RayError

    _settle()
    items = [{"block": orjson.dumps(asdict(block)).decode()} for block in blocks]
    found = ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
        RoutesBlocks,
        fn_constructor_kwargs={"order": order},
        batch_size=1,
        num_cpus=1,
        compute=ray.data.ActorPoolStrategy(
            # All at once; fewer will do where a node is gone.
            min_size=1,
            max_size=num_workers,
            initial_size=num_workers,
            max_tasks_in_flight_per_actor=_AHEAD,
        ),
    )
    try:
        for row in found.iter_rows():
            yield _read(row["told"])
    except RayError as exc:
        raise SetupError(f"Ray gave up routing: {exc}") from exc


def _read(told: str) -> RoutedBlock:
    found = orjson.loads(told)
    if "fault" in found:
        raise StorageError(found["fault"])
    return RoutedBlock.model_validate(found)


def _settle() -> None:
    """Ray Data's own limits and manners, for this process."""
    import logging

    import ray.data

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = False
    # A block that fails for good fails the job: rows are never left out in silence.
    context.max_errored_blocks = 0
