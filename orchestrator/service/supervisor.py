"""Starts a service in order, waits until it answers, and stops it in reverse.

Redis and Ray start while this process imports Ray; Serve and the deployments follow. Whatever
fails on the way, the exit stack undoes what was started. The keeper (`keeper.py`) holds the
guarantees; this module only has to be orderly.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from orchestrator.batch.settings import BatchSettings
from orchestrator.engines.hosting import OpenHost
from orchestrator.engines.remote import is_remote
from orchestrator.errors import OrchestratorError, SetupError
from orchestrator.registry.generation_store import StoredGenerations
from orchestrator.registry.opening import open_with
from orchestrator.service import cluster, data_folder, haproxy, log_lines, ports
from orchestrator.service.before_imports import begin
from orchestrator.service.children import Child
from orchestrator.service.draining import drain
from orchestrator.service.endpoint import Endpoint
from orchestrator.service.hosts import open_vllm
from orchestrator.service.layout import named_slots
from orchestrator.service.ports import Ports
from orchestrator.service.preflight import Checked
from orchestrator.service.progress import Progress
from orchestrator.service.room import Machine
from orchestrator.service.scrape_targets import write_targets
from orchestrator.service.settings import Settings
from orchestrator.service.sites import OneMachine
from orchestrator.store.link import RedisLink
from orchestrator.store.redis import RedisStore
from orchestrator.store.server import RedisServer

if TYPE_CHECKING:
    from orchestrator.service.application import Blueprint
    from orchestrator.service.deployment import Deployment

_RAY_STOP_S = 4.0
_ALIVE_PERIOD_S = 1.0


class Stopped(BaseException):
    """The operator asked for an end; not an `Exception`, so that nothing on the way keeps it."""


class Supervisor:
    """One service from its first process to its last.

    Args:
        settings: where to run.
        checked: what to run.
        folder: private and short-lived, see `private_folder`.
        progress: tells the operator.
        open_host: starts the engines of the slots.
    """

    def __init__(
        self,
        settings: Settings,
        checked: Checked,
        *,
        folder: Path,
        progress: Progress,
        open_host: OpenHost = open_vllm,
    ) -> None:
        self._settings = settings
        self._checked = checked
        self._folder = folder
        self._progress = progress
        self._open_host = open_host
        self._logs = settings.folder / "logs"
        self._redis: RedisServer | None = None
        self._deadline_s = time.monotonic() + settings.start_timeout_s

    def run(self) -> int:
        """Start, serve until told to stop, stop; returns the exit code."""
        try:
            data_folder.claim(self._settings.folder)
        except SetupError as exc:
            self._progress.say(f"failed: {exc.message}")
            return 1
        self._logs.mkdir(parents=True, exist_ok=True)
        _divert_output(self._logs / "service.log")
        begin()
        _obey()
        with ExitStack() as undo:
            try:
                self._start(undo)
                self._stay()
            except Stopped:
                code = 0
            except OrchestratorError as exc:
                code = 1
                self._progress.say(f"failed: {exc.message} (logs: {self._logs})")
            _ignore()  # once: the orderly stop is not interrupted; the keeper bounds it
        self._progress.say("stopped")
        return code

    def _start(self, undo: ExitStack) -> None:
        # The keeper removes it too, unless it was killed.
        undo.callback(shutil.rmtree, self._folder, ignore_errors=True)
        chosen = ports.choose(self._settings.host, self._settings.port)
        write_targets(self._settings.folder, chosen)
        self._node = self._start_node(undo, chosen)
        self._store_url = self._start_store(undo, chosen)
        with self._progress.step("Ray and the store are up"):
            deployment = self._connect(undo, chosen)
        asyncio.run(self._open_registry())
        endpoint = Endpoint(self._settings.host, chosen.http)
        with self._progress.step("gateways are up"):
            deployment.deploy(self._blueprint(deployment))
        undo.callback(self._drain, deployment)
        hosted = [one.key for one in self._checked.registry.experts if not is_remote(one)]
        deployment.watch(hosted, say=self._progress.say)
        endpoint.await_ready(require_alive=self._require_alive, deadline_s=self._deadline_s)
        self._tell_ready(endpoint)

    def _connect(self, undo: ExitStack, chosen: Ports) -> Deployment:
        # Here, not above: Ray reads its variables when it is imported, and takes 1.5 s for it, in
        # which the node comes up.
        from orchestrator.service.deployment import Deployment

        deployment = Deployment(
            chosen, require_alive=self._require_alive, deadline_s=self._deadline_s
        )
        undo.callback(deployment.close)
        deployment.connect()
        _obey()  # Ray puts its own handler in place, which ends the process at once
        return deployment

    def _start_node(self, undo: ExitStack, chosen: Ports) -> Child:
        wrapper = haproxy.install(
            self._folder / "haproxy", binary=haproxy.bundled(), host=self._settings.host
        )
        os.environ.update(cluster.environment(chosen, self._folder, haproxy=wrapper))
        os.environ[log_lines.VARIABLE] = str(self._logs / "orchestrator.log")
        node = Child(cluster.program(chosen, self._folder, log=self._logs / "ray.log"))
        undo.callback(node.stop, within_s=_RAY_STOP_S)
        undo.callback(keep_logs, self._folder, self._logs)
        return node

    def _start_store(self, undo: ExitStack, chosen: Ports) -> str:
        if self._settings.store_url is not None:
            return self._settings.store_url
        self._redis = undo.enter_context(
            RedisServer(self._settings.folder / "redis", port=chosen.redis)
        )
        return self._redis.url

    async def _open_registry(self) -> None:
        """Make the file the live generation, which gateways and workers then follow.

        Raises:
            StoreError: the store does not answer.
            ConflictError: another service with the same store starts too.
        """
        store = RedisStore(RedisLink(self._store_url))
        try:
            await open_with(StoredGenerations(store), self._checked.edit)
        finally:
            await store.close()

    def _blueprint(self, deployment: Deployment) -> Blueprint:
        from orchestrator.service.application import Blueprint

        metrics_dir = self._folder / "metrics"
        metrics_dir.mkdir()
        return Blueprint(
            registry=self._settings.registry.absolute(),
            workers=frozenset(name for name, _ in named_slots(self._checked.registry)),
            gateways=self._settings.gateways,
            store_url=self._store_url,
            metrics_dir=metrics_dir,
            costs_dir=self._settings.folder / "costs",
            storage_url=self._settings.storage,
            limits=self._settings.limits,
            cache=self._settings.cache,
            batches=BatchSettings(max_lines=self._settings.max_batch_lines),
            open_host=self._open_host,
            site=OneMachine(machine=Machine(accelerators=deployment.accelerators)),
            entry=self._checked.entry,
            audit_log=self._logs / "audit.log",
        )

    def _tell_ready(self, endpoint: Endpoint) -> None:
        registry = self._checked.registry
        model = "auto" if "auto" in registry.compositions else registry.experts[0].id
        example = endpoint.example(model, asks_for_key=self._checked.entry.asks_for_keys)
        self._progress.say(f"ready at {endpoint.url}/v1  try: {example}")

    def _stay(self) -> NoReturn:
        while True:
            self._require_alive()
            time.sleep(_ALIVE_PERIOD_S)

    def _require_alive(self) -> None:
        self._node.require_alive()
        if self._redis is not None and not self._redis.is_running:
            self._progress.say("the store has ended; starting it again")
            self._redis.start()  # on its data, as it was but for the last second

    def _drain(self, deployment: Deployment) -> None:
        self._progress.say("stopping: no new requests")
        drain(
            self._folder,
            within_s=self._settings.drain_s,
            announce=lambda: deployment.announce_end(within_s=self._settings.drain_s),
        )


def _stop(_signum: int, _frame: FrameType | None) -> NoReturn:
    _ignore()
    raise Stopped


def _ignore() -> None:
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, signal.SIG_IGN)


def _divert_output(log: Path) -> None:
    """Send what libraries print to `log`: the operator reads progress, not Ray."""
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def _obey() -> None:
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, _stop)


@contextmanager
def private_folder() -> Iterator[Path]:
    """A short path: the names of Ray's sockets under it may have 108 characters in all."""
    folder = Path(tempfile.mkdtemp(prefix="orc-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep_logs(folder: Path, logs: Path) -> None:
    """Copy the logs of Ray's processes out of the private folder, over those of the last run."""
    session = folder / "session_latest" / "logs"
    if session.is_dir():
        shutil.rmtree(logs / "ray", ignore_errors=True)
        shutil.copytree(session, logs / "ray", ignore_dangling_symlinks=True)
