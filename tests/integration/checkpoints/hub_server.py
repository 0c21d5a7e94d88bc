"""A hub on loopback: what Hugging Face's answers, and what it answers on bad days."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "c" * 40
LATER = "d" * 40


@dataclass
class Hub:
    """The models of a hub, what it was asked, and how it misbehaves."""

    #: id -> revision -> name -> content
    models: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=lambda: {"main": COMMIT})
    gated: set[str] = field(default_factory=set)
    #: name -> bytes after which a transfer breaks, one a request.
    breaks: dict[str, list[int]] = field(default_factory=dict)
    #: name -> statuses given before the file.
    refusals: dict[str, list[int]] = field(default_factory=dict)
    #: name -> what is sent instead.
    forged: dict[str, bytes] = field(default_factory=dict)
    knows_ranges: bool = True
    num_bytes_sent: Counter = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)
    #: name -> requests that are answered before one is held.
    holds: dict[str, int] = field(default_factory=dict)
    is_holding: threading.Event = field(default_factory=threading.Event)
    may_send: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def put(self, hub_id: str, files: dict[str, bytes], *, commit: str = COMMIT) -> None:
        self.models.setdefault(hub_id, {})[commit] = files

    def serve(self) -> ThreadingHTTPServer:
        """Start; `shutdown` ends it."""
        handler = type("Handler", (_Handler,), {"hub": self})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(path)
        if path.startswith("/api/models/"):
            self._tell(path.removeprefix("/api/models/"))
        elif "/resolve/" in path:
            hub_id, _, rest = path[1:].partition("/resolve/")
            commit, _, name = rest.partition("/")
            self._send(self._files(hub_id, commit), name)
        else:
            self._send(self.hub.models.get("web", {}).get(COMMIT), path[1:])

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def _tell(self, path: str) -> None:
        hub_id, _, revision = path.partition("/revision/")
        if hub_id not in self.hub.models:
            return self._refuse(404, "RepoNotFound")
        if hub_id in self.hub.gated:
            return self._refuse(403, "GatedRepo")
        files = self._files(hub_id, revision or "main")
        if files is None:
            return self._refuse(404, "RevisionNotFound")
        commit = self.hub.branches.get(revision or "main", revision)
        body = {"id": hub_id, "sha": commit, "siblings": [_sibling(*one) for one in files.items()]}
        return self._answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _files(self, hub_id: str, revision: str):
        revisions = self.hub.models.get(hub_id, {})
        return revisions.get(self.hub.branches.get(revision, revision))

    def _send(self, files, name: str) -> None:
        if files is None or name not in files:
            return self._refuse(404, "EntryNotFound")
        if self.command == "GET" and name in self.hub.holds:
            self._hold(name)
        if self.hub.refusals.get(name):
            return self._refuse(self.hub.refusals[name].pop(0), "")
        content = self.hub.forged.get(name, files[name])
        begin = self._begin(len(content))
        headers = {"ETag": f'"{hashlib.sha256(files[name]).hexdigest()}"', "X-Repo-Commit": COMMIT}
        if begin is None:
            return self._answer(416, b"", headers)
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        sent = self._answer(206 if begin else 200, content[begin:], headers, name=name)
        self.hub.num_bytes_sent[name] += sent
        return None

    def _hold(self, name: str) -> None:
        self.hub.holds[name] -= 1
        if self.hub.holds[name] < 0:
            self.hub.is_holding.set()
            assert self.hub.may_send.wait(60)

    def _begin(self, size: int) -> int | None:
        asked = self.headers.get("Range")
        if not asked or not self.hub.knows_ranges:
            return 0
        begin = int(asked.removeprefix("bytes=").rstrip("-"))
        return begin if begin < size else None

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, b"", {"X-Error-Code": code, "X-Error-Message": code})

    def _answer(self, status: int, body: bytes, headers: dict, *, name: str = "") -> int:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return 0
        broken = self.hub.breaks.get(name)
        sent = body[: broken.pop(0)] if broken else body
        try:
            self.wfile.write(sent)
            self.wfile.flush()
        except ConnectionError:
            return 0  # whoever asked was killed
        self.close_connection = len(sent) < len(body)
        return len(sent)

    def handle(self):
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, *_):
        """Say nothing."""


def _sibling(name: str, content: bytes) -> dict:
    told = {"rfilename": name, "size": len(content), "blobId": hashlib.sha1(content).hexdigest()}
    if name.endswith((".safetensors", ".bin")):
        sha256 = hashlib.sha256(content).hexdigest()
        told["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
    return told
