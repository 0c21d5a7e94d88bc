"""Questions about restarts of a service's processes, and the answers."""

from __future__ import annotations

from orchestrator.client.calls import Outgoing
from orchestrator.client.wire_form import Wire


def restart_call(part: str | None) -> Outgoing:
    """Begin to restart a part; `None` asks how far it is."""
    if part is None:
        return Outgoing(method="GET", path="/admin/restart", repeats="wanted")
    return Outgoing(method="POST", path="/admin/restart", body={"part": part})


class RestartState(Wire):
    """How far a restart is."""

    asked: str | None = None
    is_under_way: bool = False
    #: One sentence.
    doing: str = ""
    done: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    #: Why it ended before its end.
    error: str | None = None
    took_s: float = 0.0
