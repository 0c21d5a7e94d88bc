"""The root of the tree."""

from __future__ import annotations

from typing import Any, ClassVar


class OrchestratorError(Exception):
    """Base of the tree.

    Args:
        message: one sentence that names the id and what is allowed.
        param: the request field at fault, as the caller wrote it.
        retry_after_s: seconds after which a retry makes sense, if known.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    #: Of the request that a service refused, where a client was told it.
    request_id: str | None = None

    def __init__(
        self, message: str, *, param: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes with every field (`Exception` keeps positionals only)."""
        return _revive, (type(self), self.__dict__.copy())


def _revive(kind: type[OrchestratorError], state: dict[str, Any]) -> OrchestratorError:
    error = kind.__new__(kind, state["message"])
    error.args = (state["message"],)
    error.__dict__.update(state)
    return error
