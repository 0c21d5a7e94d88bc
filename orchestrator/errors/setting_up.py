"""Why a service cannot start or change as configured; shown by the command line."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.errors.base import OrchestratorError


class SetupError(OrchestratorError):
    """The service cannot start as configured."""

    code = "setup_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFault:
    """One fault of a registry's text; lines and columns count from 1."""

    line: int
    column: int
    #: As people write it: `experts[3].id`.
    key: str
    #: One line: the place, the key, what is wrong and what is allowed.
    text: str


class RegistryError(SetupError):
    """The registry is invalid; the message lists every fault with its place.

    Args:
        message: every fault, one a line, or why no replica can serve it.
        faults: those that have a place in the text.
    """

    code = "registry_invalid"
    status = 400

    def __init__(
        self,
        message: str,
        *,
        faults: tuple[PlacedFault, ...] = (),
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, param=param, retry_after_s=retry_after_s)
        self.faults = faults


class ModelError(SetupError):
    """A model's files cannot be had from where the registry says they are."""

    code = "model_unavailable"


class TransferError(ModelError):
    """A model's files stopped coming; what came is kept, and another try goes on from there."""

    code = "transfer_interrupted"
    retryable = True


class DiskFullError(ModelError):
    """There is no room for a model's files; what was fetched is kept."""

    code = "disk_full"


class MergeError(SetupError):
    """Experts cannot be merged as asked; nothing was written."""

    code = "merge_refused"


class PromptError(SetupError):
    """A prompt's file cannot be used, or not with what it was given; names file and line."""

    code = "prompt_invalid"


class MissingExtraError(SetupError):
    """A command needs packages that are not installed; the message names the extra."""

    code = "missing_extra"
