"""What the endpoint may ask of whoever owns the registry: the Conductor, or a test."""

from __future__ import annotations

from typing import Protocol

from orchestrator.registry.changes import Applied, DiffRequest, PostedEdit, RollbackRequest
from orchestrator.registry.diff import Diff
from orchestrator.registry.generations import GenerationRecord, GenerationSummary
from orchestrator.registry.status import RolloutStatus


class RegistryControl(Protocol):
    """Edits, and questions about them.

    Every method raises `ExpertUnavailableError` when the owner does not answer and `StoreError`
    when the store does not.
    """

    async def status(self) -> RolloutStatus:
        """What is live, what is on its way, what went wrong last."""
        ...

    async def read(self, number: int | None) -> GenerationRecord:
        """A generation that is kept, the live one by default.

        Raises:
            NotFoundError: it is not kept.
        """
        ...

    async def apply(self, edit: PostedEdit) -> Applied:
        """Take an edit, or read the registry file again.

        Raises:
            RegistryError: it has faults, or a replica cannot serve it.
            ConflictError: it builds on another generation, or a newer edit took its place.
        """
        ...

    async def rollback(self, request: RollbackRequest) -> Applied:
        """Serve an earlier generation again, as a new one.

        Raises:
            NotFoundError: it is not kept.
            RegistryError: it has faults by now, or a replica cannot serve it.
            ConflictError: a newer edit took its place.
        """
        ...

    async def diff(self, request: DiffRequest) -> Diff:
        """What differs between two registries.

        Raises:
            NotFoundError: a generation is not kept.
            RegistryError: a text has faults.
        """
        ...

    async def history(self) -> list[GenerationSummary]:
        """The generations that are kept, newest first."""
        ...
