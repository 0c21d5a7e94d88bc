"""One edit on its way to every replica: check, propose, prepare everywhere, flip one pointer.

The newest edit wins: one that passed its check takes the place of what is being prepared. An edit
that fails anywhere changes nothing. Whoever is killed between prepare and flip leaves a proposal
that nobody asks for; the next one starts from what the store says is live.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from orchestrator.errors import ConflictError, OrchestratorError, RegistryError, StoreError
from orchestrator.registry.attempt import Attempt, Limits
from orchestrator.registry.edit import Check, Edit, SoundEdit, sound
from orchestrator.registry.generations import GenerationRecord, Generations
from orchestrator.registry.journal import Journal
from orchestrator.registry.ledger import told
from orchestrator.registry.participants import Participants
from orchestrator.registry.status import Preparing, RolloutStatus, summary_of

__all__ = ["Limits", "Participants", "Rollout", "Settled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An edit that needs no rollout: it says what is live."""

    live: GenerationRecord


class Rollout:
    """Brings edits to every replica, one at a time.

    Args:
        generations: where they are kept; its pointer is the truth.
        participants: who serves them.
        check: what an edit must pass; runs in a thread.
        limits: how long the parts may take.
        clock: Unix time, seconds.
    """

    def __init__(
        self,
        generations: Generations,
        participants: Participants,
        *,
        check: Check,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._generations = generations
        self._participants = participants
        self._check = check
        self._limits = limits
        self._clock = clock
        self._journal = Journal(clock=clock)
        self._orders = count(1)
        self._newest = 0
        self._deciding = asyncio.Lock()
        self._attempt: Attempt | None = None
        self._live: GenerationRecord | None = None
        #: What the participants took note of, with nothing prepared since.
        self._noted: int | None = None

    @property
    def live(self) -> GenerationRecord | None:
        """What is live, as the store said last."""
        return self._live

    async def settle(self) -> GenerationRecord | None:
        """Look at what is live; where that is news, tell the participants.

        To be called at the start, and whenever the store may have been away.

        Raises:
            StoreError: the store is away.
        """
        async with self._deciding:
            if self._attempt is not None and not self._attempt.is_over:
                return self._live
            return await self._adopt()

    async def examine(self, edit: Edit) -> SoundEdit:
        """Check an edit, and report nothing.

        Raises:
            RegistryError: it has faults, or its check did not end.
        """
        order = next(self._orders)
        try:
            async with asyncio.timeout(self._limits.check_s):
                return sound(edit, await asyncio.to_thread(self._check, edit), order=order)
        except TimeoutError as exc:
            raise RegistryError(
                f"the check of {edit.name!r} did not end in {self._limits.check_s:g} s: a folder "
                "that the registry names does not answer"
            ) from exc

    def refuse(self, edit: Edit, error: OrchestratorError) -> None:
        """Report an edit that did not come as far as a rollout."""
        self._journal.failed(error, source=edit.source)

    async def offer(self, edit: SoundEdit, *, expected: str | None = None) -> Attempt | Settled:
        """Begin to roll out an edit, in place of what is being prepared.

        Args:
            edit: one that passed its check.
            expected: number or SHA-256 of the generation it builds on; `None` does not ask.

        Returns:
            What is under way, which the caller need not wait for; or what is live already.

        Raises:
            ConflictError: another generation than `expected` is live, or a newer edit came.
            StoreError: the store is away; what was live serves on.
        """
        try:
            async with self._deciding:
                return await self._decided(edit, expected)
        except (ConflictError, StoreError) as error:
            self._journal.failed(error, source=edit.edit.source)
            raise

    async def apply(self, edit: Edit, *, expected: str | None = None) -> GenerationRecord:
        """Check an edit, roll it out and wait for the end.

        Raises:
            RegistryError: it has faults, or a replica cannot serve it.
            ConflictError: see `offer`; also when a newer edit took its place meanwhile.
            StoreError: the store is away.
        """
        try:
            checked = await self.examine(edit)
        except RegistryError as error:
            self.refuse(edit, error)
            raise
        begun = await self.offer(checked, expected=expected)
        return begun.live if isinstance(begun, Settled) else await begun.outcome()

    def status(self) -> RolloutStatus:
        """Where things stand."""
        live, attempt = self._live, self._attempt
        return RolloutStatus(
            live=None if live is None else summary_of(live, is_live=True),
            is_valid=self._journal.last_error is None,
            last_error=self._journal.last_error,
            preparing=None if attempt is None or attempt.is_over else self._told(attempt),
            gateways=dict(self._participants.serving()),
        )

    async def close(self) -> None:
        """Give up what is being prepared."""
        async with self._deciding:
            await self._end_attempt()

    async def _decided(self, edit: SoundEdit, expected: str | None) -> Attempt | Settled:
        if edit.order < self._newest:
            raise ConflictError("a newer edit took the place of this one")
        attempt = self._attempt
        if attempt and not attempt.is_over and attempt.record.registry == edit.registry:
            return attempt
        _require(expected, await self._adopt() if attempt is None else self._live)
        self._newest = edit.order
        await self._end_attempt()
        live = await self._adopt()
        _require(expected, live)
        if live is not None and live.registry == edit.registry:
            self._journal.unchanged(live, source=edit.edit.source)
            return Settled(live=live)
        return await self._begun(edit, live)

    async def _begun(self, edit: SoundEdit, live: GenerationRecord | None) -> Attempt:
        record = await self._generations.propose(
            edit.registry,
            text=edit.text,
            folder=edit.edit.folder,
            source=edit.edit.source,
            restores=edit.edit.restores,
            file_sha256=edit.edit.file_sha256,
        )
        self._noted = None
        self._attempt = Attempt(
            record,
            expected=None if live is None else live.number,
            generations=self._generations,
            participants=self._participants,
            journal=self._journal,
            limits=self._limits,
            since_s=self._clock(),
            became_live=self._note,
        )
        return self._attempt

    async def _end_attempt(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            await attempt.give_up()

    async def _adopt(self) -> GenerationRecord | None:
        """What the store says is live; the participants are told where they were not."""
        number = await self._generations.live_number()
        if number is None or number == self._noted:
            return self._live
        live = self._live
        if live is None or live.number != number:
            live = await self._generations.live()
        if live is not None:
            await self._note(live)
        return live

    async def _note(self, live: GenerationRecord) -> None:
        self._live = live
        try:
            async with asyncio.timeout(self._limits.note_s):
                await self._participants.flipped(live)
        except (TimeoutError, OrchestratorError) as error:
            self._journal.unheard(live, reason=str(error) or f"no end in {self._limits.note_s} s")
        else:
            self._noted = live.number

    def _told(self, attempt: Attempt) -> Preparing:
        record = attempt.record
        return Preparing(
            number=record.number,
            sha256=record.sha256,
            source=record.source,
            since_s=attempt.since_s,
            waiting_for=dict(self._participants.waiting_for()),
        )


def _require(expected: str | None, live: GenerationRecord | None) -> None:
    if expected is None:
        return
    if live is None or expected not in (str(live.number), live.sha256):
        number = None if live is None else live.number
        raise ConflictError(
            f"{told(number)} is live, not {expected!r}, which the edit builds on: read the live "
            "registry and edit that",
            param="if-match",
        )
