"""What is asked of the registry at run time, and the answer to an edit."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.registry.diff import Diff
from orchestrator.registry.status import FaultReport

#: What became of an edit, for the caller.
Outcome = Literal["live", "preparing", "unchanged", "valid"]


class Message(BaseModel):
    """A question or an answer; travels between processes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PostedEdit(Message):
    """An edit as it arrives."""

    #: The new text of the registry; `None` reads the registry file again.
    content: bytes | None = None
    #: Number or SHA-256 of the generation it builds on; `None` does not ask.
    expected: str | None = None
    #: Check it and say what would change, no more.
    is_dry_run: bool = False
    #: Answer when it is live, not as soon as it is on its way.
    waits: bool = True


class RollbackRequest(Message):
    """Back to an earlier generation."""

    #: `None` is the one before the live one.
    number: int | None = None
    expected: str | None = None
    waits: bool = True


class DiffRequest(Message):
    """Two registries."""

    #: `None` is the live generation.
    old: int | None = None
    #: `None` is the registry file.
    new: int | None = None


class Applied(Message):
    """What became of an edit."""

    outcome: Outcome = Field(
        description="`preparing` where the caller did not wait, `valid` for a dry run."
    )
    generation: int | None = Field(description="The edit's own; the live one where it has none.")
    diff: Diff = Field(description="What it changes of what was live.")
    warnings: tuple[FaultReport, ...] = ()
    file_differs: bool = Field(
        description="The registry file says something else: it wins at the next start."
    )
