"""Which requests are written into the audit log, and what of them."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import HTTPConnection
from starlette.types import Scope

from orchestrator.access.audit import AuditEntry, AuditLog
from orchestrator.api.exchange import Exchange
from orchestrator.api.from_here import forwarded_addresses, peer_of
from orchestrator.guards.redaction import Redaction

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
        self._redacted = Redaction()

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
                action=f"{method} {exchange.endpoint}",
                target=self._redacted(path)[:256],
                asked=self._asked(request),
                told=self._redacted(exchange.target)[:512],
                status=exchange.status,
                error_code=exchange.error_code,
            )
        )

    def _asked(self, request: HTTPConnection) -> dict[str, str]:
        query = request.scope.get("query_string", b"")[:1024].decode("latin-1")
        pairs = parse_qsl(query)
        return {name: self._redacted(said)[:128] for name, said in pairs if name in _TOLD}


def _address(request: HTTPConnection) -> str:
    """Of whoever asks: what the last proxy saw, which on this machine is our own."""
    *_, last = peer_of(request), *forwarded_addresses(request.headers)
    return last[:64]
