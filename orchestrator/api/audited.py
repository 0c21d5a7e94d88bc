"""Which requests are written into the audit log, and what of them."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import HTTPConnection
from starlette.types import Scope

from orchestrator.access.audit import AuditEntry, AuditLog
from orchestrator.access.redacting import redacted
from orchestrator.api.exchange import Exchange
from orchestrator.api.from_here import forwarded_addresses, peer_of

_ADMIN = "/admin"
_ASKING = frozenset({"GET", "HEAD", "OPTIONS"})
#: What queries of our own endpoints say; whatever else stands in one is nobody's business.
_TOLD = frozenset({"dry_run", "forget", "giver", "slot", "wait"})


class Audited:
    """Notes whatever would change something below /admin, done or refused.

    Args:
        log: where; `None` where nothing is noted.
    """

    def __init__(self, log: AuditLog | None) -> None:
        self._log = log

    def note(self, exchange: Exchange, scope: Scope) -> None:
        """Note a request that has ended, if it is one of these."""
        path, method = scope["path"], scope["method"]
        is_admin = path == _ADMIN or path.startswith(_ADMIN + "/")
        if self._log is None or not is_admin or method in _ASKING:
            return
        request = HTTPConnection(scope)
        self._log.put(
            AuditEntry(
                at_s=exchange.created_s,
                request_id=exchange.request_id,
                who=exchange.caller.key_id,
                address=_address(request),
                action=f"{method} {redacted(exchange.endpoint)}",
                target=redacted(path[:256]),
                asked=_asked(request),
                told=redacted(exchange.target[:512]),
                status=exchange.status,
                error_code=exchange.error_code,
            )
        )


def _address(request: HTTPConnection) -> str:
    """Of whoever asks: what the last proxy saw, which on this machine is our own."""
    *_, last = peer_of(request), *forwarded_addresses(request.headers)
    return last[:64]


def _asked(request: HTTPConnection) -> dict[str, str]:
    query = request.scope.get("query_string", b"")[:1024].decode("latin-1")
    return {name: redacted(value[:128]) for name, value in parse_qsl(query) if name in _TOLD}
