"""HAProxy's front door, by its command socket: no new requests, and is anybody still inside?"""

from __future__ import annotations

import csv
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from orchestrator.service.haproxy import CLOSED, CLOSED_WORD

_SOCKET = re.compile(r"^\s*stats socket (\S+)", re.MULTILINE)
_LIST = re.compile(rf"-f (\S+/{CLOSED}) ")
_ANSWER_S = 1.0
#: Of `show stat`: rows of backends, of all proxies.
_BACKENDS = "show stat -1 2 -1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyDoor:
    """Of one process of HAProxy."""

    socket: str
    #: File of the list that its rule for new requests goes by.
    closed: str

    @classmethod
    def of(cls, config: Path) -> ProxyDoor | None:
        """The door of the process with this configuration; `None` where it says of none."""
        try:
            text = config.read_text()
        except OSError:
            return None
        found, closed = _SOCKET.search(text), _LIST.search(text)
        return None if not (found and closed) else cls(socket=found[1], closed=closed[1])

    def close(self) -> bool:
        """Answer new requests with 503 from now on, after a reload as well; says whether it is."""
        try:
            Path(self.closed).write_text(f"{CLOSED_WORD}\n")
            self._ask(f"add acl {self.closed} {CLOSED_WORD}")
        except OSError:
            return False
        return True

    @property
    def is_busy(self) -> bool:
        """Whether a gateway still answers somebody through it."""
        try:
            rows = csv.DictReader(self._ask(_BACKENDS).lstrip("# ").splitlines())
        except OSError:
            return False
        return any(int(row["scur"]) + int(row["qcur"]) for row in rows)

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(_ANSWER_S)
            asked.connect(self.socket)
            asked.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: asked.recv(65_536), b"")).decode()
