"""Exports what the processes of one node of a cluster count, at one port of that node.

They keep their metrics in one folder, so any of them answers for all: every worker, and on the head
the Conductor, listens at the port (SO_REUSEPORT), and the kernel hands a scrape to one of them.
"""

from __future__ import annotations

import hmac
import logging
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from orchestrator.access.keys import digest_of
from orchestrator.errors import SetupError
from orchestrator.service.gauges import forget_dead

_LOG = logging.getLogger(__name__)

#: Where a node exports, in its own environment.
PORT = "ORCHESTRATOR_METRICS_PORT"
#: That of Prometheus exporters which OpenTelemetry made the usual one.
DEFAULT_PORT = 9464
#: In the environment of a replica that exports: the SHA-256 of who may scrape, or anybody.
SCRAPERS = "_ORCHESTRATOR_SCRAPERS"
ANYBODY = "anybody"
#: Where prometheus_client keeps the files of all processes.
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What is exported, where, and to whom."""

    folder: Path
    port: int
    #: SHA-256 of the key that a scraper sends; `None` asks for none.
    digest: str | None = field(default=None, repr=False)


def export_of(environment: Mapping[str, str]) -> Export | None:
    """What a process with this environment exports; `None` where it is not to.

    Raises:
        SetupError: the port is none.
    """
    scrapers = environment.get(SCRAPERS)
    port = port_of(environment)
    if scrapers is None or port is None:
        return None
    digest = None if scrapers == ANYBODY else scrapers
    return Export(folder=Path(environment[_FOLDER]), port=port, digest=digest)


def port_of(environment: Mapping[str, str]) -> int | None:
    """The port that a node with this environment exports at; `None` where it exports nothing.

    Raises:
        SetupError: it names no port.
    """
    text = environment.get(PORT, str(DEFAULT_PORT))
    if not text.isdecimal() or int(text) > 65_535:
        raise SetupError(
            f"{PORT} is {text!r} on this node: it is a port, {DEFAULT_PORT} by default, or 0 to "
            "export nothing"
        )
    return int(text) or None


class NodeExporter:
    """A listener of this process at the port of its node.

    Args:
        export: what, where and to whom.
        host: the address of the node.

    Raises:
        OSError: something else has the port.
    """

    def __init__(self, export: Export, *, host: str) -> None:
        handler = type("Scrape", (_Scrape,), {"export": export})
        is_v6 = ":" in host
        self._server = (_ServerV6 if is_v6 else _Server)((host, export.port), handler)
        #: As a scraper writes it.
        self.address = f"[{host}]:{export.port}" if is_v6 else f"{host}:{export.port}"
        threading.Thread(
            target=self._server.serve_forever, name="node-exporter", daemon=True
        ).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


def begin_export(host: str, environment: Mapping[str, str]) -> NodeExporter | None:
    """Export from this process, where its environment says so.

    A port that something else has is told in the log: answers matter more than figures.

    Args:
        host: the address of the node.
        environment: of this process.

    Raises:
        SetupError: the port is none.
    """
    export = export_of(environment)
    if export is None:
        return None
    try:
        return NodeExporter(export, host=host)
    except OSError as exc:
        _LOG.warning(
            "metrics of this node are not exported: port %d of %s cannot be listened at (%s): set "
            "%s of the node to another port, or to 0",
            export.port,
            host,
            exc.strerror,
            PORT,
        )
        return None


class _Server(ThreadingTCPServer):
    """Of plain TCP: that of HTTP asks the DNS for its own name first."""

    allow_reuse_address = True
    allow_reuse_port = True
    daemon_threads = True


class _ServerV6(_Server):
    address_family = socket.AF_INET6


class _Scrape(BaseHTTPRequestHandler):
    """One scrape."""

    export: Export
    #: Who sends no request holds a thread no longer, seconds.
    timeout = 10.0

    def do_GET(self) -> None:
        """`/metrics`, to whom they may be told."""
        if self.path.partition("?")[0] != "/metrics":
            self._reply(HTTPStatus.NOT_FOUND, b"metrics are at /metrics\n")
        elif not self._may_see():
            self._reply(HTTPStatus.UNAUTHORIZED, b"send the admin key: Authorization: Bearer ...\n")
        else:
            self._reply(HTTPStatus.OK, _collected(self.export.folder), CONTENT_TYPE_LATEST)

    def log_message(self, *_: object) -> None:
        """Nothing: scrapes come every few seconds."""

    def _may_see(self) -> bool:
        if self.export.digest is None:
            return True
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        digest = digest_of(key.strip())
        return scheme.lower() == "bearer" and hmac.compare_digest(digest, self.export.digest)

    def _reply(self, status: HTTPStatus, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("www-authenticate", "Bearer")
        self.end_headers()
        self.wfile.write(body)


def _collected(folder: Path) -> bytes:
    # The Conductor does so on the head alone.
    forget_dead(folder)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    return generate_latest(registry)
