"""What operators did: one entry an action, done or refused."""

from __future__ import annotations

from collections import deque
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field


class AuditEntry(BaseModel):
    """One action of an operator, without any secret."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    at_s: float = Field(description="When it was asked for, Unix seconds.")
    request_id: str
    who: str = Field(
        description="Id of the key, `admin` for the one of the settings, else nothing."
    )
    address: str = Field(description="Where it was asked from.")
    action: str = Field(description="Method and template of the path.")
    target: str = Field(description="The path as it was asked for.")
    asked: dict[str, str] = Field({}, description="What the query said.")
    told: str = Field("", description="What came of it, such as the id of a new key.")
    status: int = Field(description="HTTP status; from 400 on nothing was done.")
    error_code: str | None = None


class AuditLog(Protocol):
    """Where actions are noted; every gateway of a service writes into the same one."""

    def put(self, entry: AuditEntry) -> None:
        """Note an action, at once. What cannot be noted is told in the service's log."""
        ...

    async def recent(self, *, limit: int) -> list[AuditEntry]:
        """The newest entries, newest first."""
        ...


class MemoryAudit:
    """An `AuditLog` for one process; gone with it.

    Args:
        max_entries: kept at most; beyond it the oldest go.
    """

    def __init__(self, *, max_entries: int = 1000) -> None:
        self._entries: deque[AuditEntry] = deque(maxlen=max_entries)

    def put(self, entry: AuditEntry) -> None:
        """See `AuditLog.put`."""
        self._entries.append(entry)

    async def recent(self, *, limit: int) -> list[AuditEntry]:
        """See `AuditLog.recent`."""
        return list(reversed(self._entries))[:limit]
