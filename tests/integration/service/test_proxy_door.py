"""The door of a real HAProxy: closed, it answers 503, and it knows who is inside."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from orchestrator.service.haproxy import bundled, install, rewrite
from orchestrator.service.proxy_door import ProxyDoor
from tests.faults.killers import until
from tests.free_ports import free_port

pytestmark = pytest.mark.integration

RAYS = """\
global
    stats socket {folder}/admin.sock mode 666 level admin
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend http_frontend
    bind :{port}
    default_backend app
backend app
    server one 127.0.0.1:{gateway}
"""


class Gateway(BaseHTTPRequestHandler):
    """Answers once it may."""

    may_end = Event()

    def do_GET(self) -> None:
        self.may_end.wait(20)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def proxied(folder: Path) -> Iterator[tuple[str, ProxyDoor]]:
    """HAProxy before a gateway that does not end: where it listens, and its door."""
    port = free_port()
    Gateway.may_end.clear()
    install(folder, binary=bundled(), host="127.0.0.1")
    config = folder / "haproxy.cfg"
    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as gateway:
        Thread(target=gateway.serve_forever, daemon=True).start()
        text = RAYS.format(folder=folder, port=port, gateway=gateway.server_port)
        config.write_text(rewrite(text, errors=folder))
        process = subprocess.Popen([bundled(), "-db", "-f", str(config)])
        try:
            door = until(lambda: (folder / "admin.sock").exists() and ProxyDoor.of(config), what="")
            yield f"http://127.0.0.1:{port}", door
        finally:
            Gateway.may_end.set()
            process.terminate()
            process.wait(10)
            gateway.shutdown()


def test_a_closed_door_turns_others_away_while_the_last_one_inside_is_answered(tmp_path):
    with proxied(tmp_path) as (url, door), httpx.Client(trust_env=False, timeout=20) as client:
        answers: list[httpx.Response] = []
        asking = Thread(target=lambda: answers.append(client.get(url)))
        asking.start()
        until(lambda: door.is_busy, what="a request under way")

        assert door.close()
        refused = httpx.get(url, trust_env=False)
        is_busy = door.is_busy
        Gateway.may_end.set()
        asking.join(20)

        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert refused.json()["error"]["code"] == "unavailable"
        assert (is_busy, answers[0].status_code, door.is_busy) == (True, 200, False)


def test_a_configuration_that_is_not_ours_has_no_door(tmp_path):
    (tmp_path / "other.cfg").write_text(RAYS)

    assert ProxyDoor.of(tmp_path / "other.cfg") is None
    assert ProxyDoor.of(tmp_path / "none.cfg") is None


def test_a_door_whose_process_has_ended_is_neither_closed_nor_busy(tmp_path):
    door = ProxyDoor(socket=str(tmp_path / "gone.sock"), closed=str(tmp_path / "closed"))

    assert not door.close()
    assert not door.is_busy
