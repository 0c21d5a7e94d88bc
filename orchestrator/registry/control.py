"""Everything operators may ask of the registry, in the process that owns its rollouts."""

from __future__ import annotations

from orchestrator.errors import NotFoundError, RegistryError
from orchestrator.registry.attempt import Attempt
from orchestrator.registry.changes import Applied, DiffRequest, Outcome, PostedEdit, RollbackRequest
from orchestrator.registry.diff import Diff, diff
from orchestrator.registry.edit import Edit, SoundEdit
from orchestrator.registry.generations import GenerationRecord, Generations, GenerationSummary
from orchestrator.registry.models import Registry
from orchestrator.registry.registry_file import RegistryFile
from orchestrator.registry.rollout import Rollout, Settled
from orchestrator.registry.status import RolloutStatus, reports_of


class Control:
    """Implements `api.registry_control.RegistryControl` on a rollout.

    Args:
        rollout: carries edits out.
        generations: where it keeps them.
        file: the registry file.
    """

    def __init__(self, rollout: Rollout, generations: Generations, file: RegistryFile) -> None:
        self._rollout = rollout
        self._generations = generations
        self._file = file

    async def status(self) -> RolloutStatus:
        """See `RegistryControl.status`."""
        return self._rollout.status().model_copy(update={"file": self._file.state()})

    async def read(self, number: int | None) -> GenerationRecord:
        """See `RegistryControl.read`."""
        return await (self._live() if number is None else self._generations.read(number))

    async def apply(self, edit: PostedEdit) -> Applied:
        """See `RegistryControl.apply`."""
        before = await self._generations.live()
        if edit.is_dry_run:
            return self._valid(before, await self._examine(edit))
        if edit.content is None:
            sound, begun = await self._file.reload(expected=edit.expected)
            return await self._applied(before, sound, begun, waits=edit.waits)
        return await self._offer(self._posted(edit.content), before, edit)

    async def rollback(self, request: RollbackRequest) -> Applied:
        """See `RegistryControl.rollback`."""
        before = await self._live()
        record = await self._generations.read(await self._target(request.number))
        edit = Edit(
            content=record.text.encode(),
            name=f"generation {record.number}",
            folder=record.folder,
            source="rollback",
            restores=record.number,
            file_sha256=self._file.sha256,
        )
        return await self._offer(edit, before, request)

    async def diff(self, request: DiffRequest) -> Diff:
        """See `RegistryControl.diff`."""
        old = (await self.read(request.old)).registry
        if request.new is None:
            return diff(old, (await self._file.examine()).registry)
        return diff(old, (await self._generations.read(request.new)).registry)

    async def history(self) -> list[GenerationSummary]:
        """See `RegistryControl.history`."""
        return await self._generations.history()

    async def _offer(
        self, edit: Edit, before: GenerationRecord | None, asked: PostedEdit | RollbackRequest
    ) -> Applied:
        try:
            sound = await self._rollout.examine(edit)
        except RegistryError as error:
            self._rollout.refuse(edit, error)
            raise
        begun = await self._rollout.offer(sound, expected=asked.expected)
        return await self._applied(before, sound, begun, waits=asked.waits)

    async def _examine(self, edit: PostedEdit) -> SoundEdit:
        if edit.content is None:
            return await self._file.examine()
        return await self._rollout.examine(self._posted(edit.content))

    async def _applied(
        self,
        before: GenerationRecord | None,
        sound: SoundEdit,
        begun: Attempt | Settled,
        *,
        waits: bool,
    ) -> Applied:
        if isinstance(begun, Settled):
            return self._answer("unchanged", begun.live, Diff(), sound)
        if waits:
            await begun.outcome()
        changes = _diff(before, sound.registry)
        return self._answer("live" if waits else "preparing", begun.record, changes, sound)

    def _valid(self, before: GenerationRecord | None, sound: SoundEdit) -> Applied:
        return self._answer("valid", before, _diff(before, sound.registry), sound)

    def _answer(
        self, outcome: Outcome, record: GenerationRecord | None, changes: Diff, sound: SoundEdit
    ) -> Applied:
        return Applied(
            outcome=outcome,
            generation=None if record is None else record.number,
            diff=changes,
            warnings=reports_of(sound.warnings),
            file_differs=self._file.differs_from(None if record is None else record.registry),
        )

    def _posted(self, content: bytes) -> Edit:
        return Edit(
            content=content,
            name="request",
            folder=str(self._file.path.parent),
            source="request",
            file_sha256=self._file.sha256,
        )

    async def _live(self) -> GenerationRecord:
        live = await self._generations.live()
        if live is None:
            raise NotFoundError("no generation is live yet: the service is starting")
        return live

    async def _target(self, number: int | None) -> int:
        """The generation to go back to: by default the one before the live one."""
        if number is not None:
            return number
        kept = await self._generations.history()
        if len(kept) <= 1:
            raise NotFoundError("there is no earlier generation to go back to")
        return kept[1].number


def _diff(before: GenerationRecord | None, registry: Registry) -> Diff:
    return Diff() if before is None else diff(before.registry, registry)
