"""Who keeps batches, as the endpoint asks it, in memory: tests say how far each one is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from orchestrator.batch.asked import NewBatch, Page
from orchestrator.batch.batch import Batch, RequestCounts, Status
from orchestrator.batch.progress import BatchProgress, RunProgress, SlotRun, Timeline
from orchestrator.batch.stored_file import Purpose, StoredFile
from orchestrator.errors import ConflictError, NotFoundError, OrchestratorError

RUN = RunProgress(
    num_lines=10,
    num_done=4,
    num_tokens=4000,
    tokens_per_s=812.34,
    swaps_so_far=1,
    swaps_expected=3,
    left_s=12.34,
    current=(
        SlotRun(
            slot="local", expert="maths", num_calls=6, num_done=4, begins_s=1.5, ends_s=None,
            is_swapped=True,
        ),
    ),
    ended=(
        SlotRun(
            slot="local", expert="law", num_calls=2, num_done=2, begins_s=0.0, ends_s=1.5,
            is_swapped=False,
        ),
    ),
)  # fmt: skip


def batch(status: Status = "in_progress", **more) -> Batch:
    asked = {
        "id": "batch_1",
        "endpoint": "/v1/chat/completions",
        "input_file_id": "file-1",
        "completion_window": "24h",
        "window_s": 86_400.0,
        "created_at": 1_000,
        "expires_at": 87_400,
        "request_counts": RequestCounts(total=10, completed=4, failed=0),
    }
    return Batch(**{**asked, "status": status, **more})


@dataclass
class KeptBatches:
    """Implements `BatchControl`: each look at a batch's progress is the next of its script."""

    #: By batch id, one a look; the last one stays.
    scripts: dict[str, list[BatchProgress | OrchestratorError]] = field(default_factory=dict)
    timelines: dict[str, Timeline] = field(default_factory=dict)
    stored_files: dict[str, StoredFile] = field(default_factory=dict)
    created: list[NewBatch] = field(default_factory=list)
    #: What a new batch comes to, look by look.
    script: list[BatchProgress | OrchestratorError] = field(default_factory=list)

    async def create(self, asked: NewBatch, *, owner: str) -> Batch:
        await self.file(asked.input_file_id, owner=owner)
        self.created.append(asked)
        made = batch("validating", id=f"batch_{len(self.created)}", owner=owner)
        made = made.model_copy(
            update={"input_file_id": asked.input_file_id, "metadata": asked.metadata}
        )
        self.scripts[made.id] = [_renamed(one, made) for one in self.script] or [
            BatchProgress(batch=made)
        ]
        return made

    async def batch(self, batch_id: str, *, owner: str) -> Batch:
        return (await self.progress(batch_id, owner=owner)).batch

    async def batches(self, page: Page, *, owner: str) -> tuple[list[Batch], bool]:
        found = [one for script in self.scripts.values() for one in _batches(script)[-1:]]
        own = [one for one in reversed(found) if one.owner == owner]
        return own[: page.limit], len(own) > page.limit

    async def cancel(self, batch_id: str, *, owner: str) -> Batch:
        found = await self.batch(batch_id, owner=owner)
        if found.has_ended:
            raise ConflictError(f"batch {batch_id!r} has ended: it is {found.status!r}")
        gone = found.model_copy(update={"status": "cancelled"})
        self.scripts[batch_id] = [BatchProgress(batch=gone)]
        return gone.model_copy(update={"status": "cancelling"})

    async def progress(self, batch_id: str, *, owner: str) -> BatchProgress:
        script = self._script(batch_id, owner)
        now = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(now, OrchestratorError):
            raise now
        return now

    async def timeline(self, batch_id: str, *, owner: str) -> Timeline:
        self._script(batch_id, owner)
        return self.timelines.get(batch_id, Timeline(batch_id=batch_id))

    async def register(self, file: StoredFile) -> StoredFile:
        self.stored_files[file.id] = file
        return file

    async def file(self, file_id: str, *, owner: str) -> StoredFile:
        found = self.stored_files.get(file_id)
        if found is None or found.owner != owner:
            raise NotFoundError(f"no file {file_id!r}")
        return found

    async def files(
        self, page: Page, *, owner: str, purpose: Purpose | None = None
    ) -> tuple[list[StoredFile], bool]:
        own = [
            one
            for one in reversed(self.stored_files.values())
            if one.owner == owner and purpose in (None, one.purpose)
        ]
        return own[: page.limit], len(own) > page.limit

    async def delete_file(self, file_id: str, *, owner: str) -> None:
        await self.file(file_id, owner=owner)
        del self.stored_files[file_id]

    def _script(self, batch_id: str, owner: str) -> list[BatchProgress | OrchestratorError]:
        script = self.scripts.get(batch_id)
        if script is None or _owner(script) != owner:
            raise NotFoundError(f"no batch {batch_id!r}: its id is wrong, or it is another's")
        return script


def _batches(script: list[BatchProgress | OrchestratorError]) -> list[Batch]:
    return [one.batch for one in script if isinstance(one, BatchProgress)]


def _owner(script: list[BatchProgress | OrchestratorError]) -> str:
    return next((one.owner for one in _batches(script)), "")


def _renamed(
    step: BatchProgress | OrchestratorError, made: Batch
) -> BatchProgress | OrchestratorError:
    if isinstance(step, OrchestratorError):
        return step
    own = {"id": made.id, "owner": made.owner, "metadata": made.metadata}
    named = {**own, "input_file_id": made.input_file_id}
    return replace(step, batch=step.batch.model_copy(update=named))
