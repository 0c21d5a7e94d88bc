"""Starts a service in order, waits until it answers, and stops it in reverse.

Redis and Ray start while this process imports Ray; Serve and the deployments follow. Whatever
fails on the way, the exit stack undoes what was started. The keeper (`keeper.py`) holds the
guarantees; this module only has to be orderly.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from orchestrator.errors import OrchestratorError
from orchestrator.service import cluster, haproxy, ports
from orchestrator.service.children import Child
from orchestrator.service.progress import Progress
from orchestrator.service.settings import Settings

_RAY_STOP_S = 4.0


class Stopped(BaseException):
    """The operator asked for an end; not an `Exception`, so that nothing on the way keeps it."""


class Supervisor:
    """One service from its first process to its last.

    Args:
        settings: what to run and where.
        progress: tells the operator.
    """

    def __init__(self, settings: Settings, *, progress: Progress) -> None:
        self._settings = settings
        self._progress = progress
        self._logs = settings.data_dir.resolve() / "logs"

    def run(self) -> int:
        """Start, serve until told to stop, stop; returns the exit code."""
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        try:
            with ExitStack() as undo:
                self._serve(undo)
        except Stopped:
            self._progress.say("stopped")
            return 0
        except OrchestratorError as exc:
            self._progress.say(f"not started: {exc.message} (logs: {self._logs})")
            return 1
        return 0

    def _serve(self, undo: ExitStack) -> None:
        settings = self._settings
        self._logs.mkdir(parents=True, exist_ok=True)
        folder = undo.enter_context(_private_folder())
        chosen = ports.choose(settings.host, settings.port)
        environment = cluster.environment(
            chosen, folder, haproxy=haproxy.install(folder / "haproxy")
        )
        program = cluster.program(
            chosen, folder, environment=environment, log=self._logs / "ray.log", gpus=0
        )
        ray_node = Child(program)
        undo.callback(ray_node.stop, within_s=_RAY_STOP_S)
        os.environ.update(environment)
        with self._progress.step("Ray is up"):
            # Here, not above: it takes 1.5 s, in which the node comes up, and reads the variables.
            from orchestrator.service.deployment import Deployment

            deployment = Deployment(settings, ports=chosen)
            undo.callback(deployment.disconnect)
            deployment.connect(ray_node)
        _ = FrameType


def _stop(_signum: int, _frame: FrameType | None) -> NoReturn:
    # Once: the orderly stop that follows is not to be interrupted; the keeper bounds it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise Stopped


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A short path: the names of Ray's sockets under it may have 108 characters in all."""
    folder = Path(tempfile.mkdtemp(prefix="orc-", dir="/tmp"))  # noqa: S108
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
