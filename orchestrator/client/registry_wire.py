"""What the service says of its registry, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from orchestrator.client.wire_form import Wire


class Generation(Wire):
    """A version of the registry that was served."""

    number: int
    sha256: str
    #: What made it: `start`, `file`, `request` or `rollback`.
    source: str
    #: Unix time, seconds.
    created_s: float
    num_experts: int
    #: The generation that a rollback went back to.
    restores: int | None = None
    is_live: bool


class GenerationList(Wire):
    """The generations that are kept."""

    data: tuple[Generation, ...]


class Fault(Wire):
    """One fault of a text; lines and columns count from 1."""

    line: int
    column: int
    key: str
    text: str


class Failure(Wire):
    """The last edit, which changed nothing."""

    source: str
    code: str
    message: str
    faults: tuple[Fault, ...] = ()
    number: int | None = None
    at_s: float


class Preparing(Wire):
    """A generation on its way."""

    number: int
    sha256: str
    source: str
    since_s: float
    #: Replica -> why it is not ready for it yet.
    waiting_for: Mapping[str, str] = Field(default_factory=dict)


class FileState(Wire):
    """The registry file, as the service read it last."""

    path: str
    sha256: str | None = None
    read_s: float | None = None
    #: It says something else than what is live.
    differs: bool = False
    trouble: str | None = None


class RolloutStatus(Wire):
    """What is live, what is on its way and what went wrong last."""

    live: Generation | None = None
    is_valid: bool
    last_error: Failure | None = None
    preparing: Preparing | None = None
    #: Gateway that was heard lately -> generation that new requests there get.
    gateways: Mapping[str, int] = Field(default_factory=dict)
    file: FileState | None = None


class RegistryState(Wire):
    """What a replica answers from, and how edits fare."""

    generation: int
    num_experts: int
    num_compositions: int
    num_routers: int
    num_slots: int
    rollout: RolloutStatus | None = None
    rollout_unavailable: str | None = None


class KeyChange(Wire):
    """One key with another value; `None` where it has none."""

    key: str
    old: Any = None
    new: Any = None


class EntryChange(Wire):
    """One entry that both registries have."""

    name: str
    keys: tuple[KeyChange, ...] = ()
    #: An expert whose words or engine change.
    is_redefined: bool = False


class SectionDiff(Wire):
    """One section of the file, by the names of its entries."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[EntryChange, ...] = ()
    is_reordered: bool = False


class Diff(Wire):
    """What one registry says otherwise than another."""

    experts: SectionDiff = SectionDiff()
    routers: SectionDiff = SectionDiff()
    compositions: SectionDiff = SectionDiff()
    slots: SectionDiff = SectionDiff()
    defaults: tuple[KeyChange, ...] = ()


class Applied(Wire):
    """What became of an edit."""

    outcome: Literal["live", "preparing", "unchanged", "valid"]
    generation: int | None = None
    diff: Diff = Diff()
    warnings: tuple[Fault, ...] = ()
    #: The registry file says something else: it wins at the next start.
    file_differs: bool = False
