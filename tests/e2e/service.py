"""A real service as a child process of the tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import httpx
import psutil

from tests.faults.killers import Killers, slot_of

FAKES = """\
version: 1
experts:
  - {id: one, engine: {kind: fake, says: first answer}}
  - {id: slow, engine: {kind: fake, says: "a b c d e f g h i j k l", token_delay_ms: 1000}}
"""
#: Sockets that only this machine reaches; Ray writes 127.0.0.1 as IPv6 maps it.
LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


ROOT = Path(__file__).parents[2]


class Service:
    """`orchestrator serve` with its output and its processes."""

    def __init__(
        self,
        registry: Path,
        *,
        port: int,
        folder: Path,
        gateways: int = 1,
        program: str = "orchestrator.cli.main",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.registry = registry
        command = [sys.executable, "-m", program, "serve"]
        options = [
            f"--registry={registry}",
            f"--port={port}",
            f"--data-dir={folder}",
            f"--gateways={gateways}",
        ]
        self._process = subprocess.Popen(
            [*command, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # Its processes import what the tests bring, too.
            env=os.environ | {"PYTHONPATH": str(ROOT)} | dict(environment or {}),
        )
        self.port = port
        self.keeper = psutil.Process(self._process.pid)
        self.lines: list[str] = []
        self._is_told = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def await_ready(self, timeout_s: float = 240.0) -> Service:
        """Wait for the ready line; fails with all output when there is none."""
        self._is_told.wait(timeout_s)
        assert "ready at" in self.output, self.output
        return self

    def private_folder(self) -> Path:
        """Where Ray's sockets lie; known while the service runs."""
        options = [option for p in self.processes() for option in p.cmdline()]
        named = next(option for option in options if option.startswith("--temp-dir="))
        return Path(named.partition("=")[2])

    def processes(self) -> list[psutil.Process]:
        """The keeper and every descendant."""
        return [self.keeper, *self.keeper.children(recursive=True)]

    @property
    def killers(self) -> Killers:
        """Kill, stop and await any part of it."""
        return Killers(self.keeper)

    def workers(self) -> dict[str, int]:
        """Slots that have a process, and its id."""
        return {str(slot_of(one)): one.pid for one in self.killers.find("worker")}

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """Send `signum` and wait for the end; returns the exit code."""
        if self._process.poll() is None:
            os.kill(self._process.pid, signum)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end; returns the exit code."""
        code = self._process.wait(timeout=60)
        self._reader.join(timeout=30)
        return code

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.lines.append(line)
                if "ready at" in line:
                    self._is_told.set()
        self._is_told.set()


def listeners(process: psutil.Process) -> list[tuple[str, int]]:
    """Addresses and ports a process listens on."""
    try:
        connections = process.net_connections()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []
    return [(c.laddr.ip, c.laddr.port) for c in connections if c.status == psutil.CONN_LISTEN]


def ask(
    url: str,
    model: str,
    *,
    timeout_s: float = 60.0,
    headers: Mapping[str, str] | None = None,
    **body: object,
) -> httpx.Response:
    """One chat request."""
    return httpx.post(
        f"{url}/v1/chat/completions",
        json={"model": model, "messages": [{"role": "user", "content": "Hello"}], **body},
        headers=headers,
        timeout=timeout_s,
        trust_env=False,
    )
