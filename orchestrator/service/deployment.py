"""This process's side of Ray and Serve: connect, deploy, watch, take down."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence

import ray
from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException

from orchestrator.errors import SetupError
from orchestrator.service.application import Blueprint, build
from orchestrator.service.ports import LOOPBACK, Ports
from orchestrator.service.reports import Census
from orchestrator.service.serving import APPLICATION, QUIET

_POLL_S = 0.05
_WATCH_S = 0.25
#: Longest that the Conductor is waited for at a stop.
_TELL_S = 1.0

_LOG = logging.getLogger(__name__)


class Deployment:
    """One Serve application on one private Ray node.

    Args:
        ports: of the node and of the endpoint.
        require_alive: raises when the node has ended.
        deadline_s: monotonic time at which a start has taken too long.
    """

    def __init__(
        self, ports: Ports, *, require_alive: Callable[[], None], deadline_s: float
    ) -> None:
        self._ports = ports
        self._require_alive = require_alive
        self._deadline_s = deadline_s
        self._loop = asyncio.new_event_loop()

    def connect(self) -> None:
        """Wait for the node and join it.

        Raises:
            SetupError: the node ended or is not up in time.
        """
        for port in (self._ports.gcs, self._ports.node):
            while not _accepts(port):
                self._pause("Ray's node is not up")
        try:
            ray.init(
                address=f"{LOOPBACK}:{self._ports.gcs}",
                _node_ip_address=LOOPBACK,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (ConnectionError, RayError) as exc:
            raise SetupError(f"Ray's node does not take this process in: {exc}") from exc

    @property
    def accelerators(self) -> int:
        """GPUs of the node."""
        return int(ray.cluster_resources().get("GPU", 0))

    def deploy(self, blueprint: Blueprint) -> None:
        """Start Serve and the deployments; returns when their processes are up.

        Raises:
            SetupError: Serve refuses; the message has its reason.
        """
        logging.getLogger("ray.serve").setLevel(logging.ERROR)
        try:
            serve.start(
                http_options={"host": LOOPBACK, "port": self._ports.http}, logging_config=QUIET
            )
            serve.run(build(blueprint), name=APPLICATION, logging_config=QUIET)
        except (RayError, RayServeException, RuntimeError) as exc:
            raise SetupError(f"the deployments do not start: {exc}") from exc

    def watch(self, hosted: Sequence[str], *, say: Callable[[str], None]) -> None:
        """Tell what workers do until they host all of these experts, given by key.

        Raises:
            SetupError: a worker's engines do not start, or not in time.
        """
        # A loop that runs to the end, since a handle's callbacks come back to the one it was
        # first used in; in a thread, since this one has signals to obey.
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        watching = asyncio.run_coroutine_threadsafe(self._watch(hosted, say), self._loop)
        while not watching.done():
            self._pause("the workers are not up")
        watching.result()

    def announce_end(self, *, within_s: float) -> None:
        """Have gateways end what is under way by then; best effort, since it may all be gone."""
        telling = asyncio.run_coroutine_threadsafe(self._announce_end(within_s), self._loop)
        try:
            telling.result(timeout=_TELL_S)
        except (RayError, RayServeException, TimeoutError):
            telling.cancel()
            _LOG.warning("gateways are not told of the end: answers under way may break off")

    def close(self) -> None:
        """Take the deployments down and leave the node."""
        if ray.is_initialized():
            serve.shutdown()
            ray.shutdown()
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _announce_end(self, within_s: float) -> None:
        conductor = serve.get_deployment_handle("conductor", app_name=APPLICATION)
        await conductor.stop.remote(within_s)

    async def _watch(self, hosted: Sequence[str], say: Callable[[str], None]) -> None:
        conductor = serve.get_deployment_handle("conductor", app_name=APPLICATION)
        told: dict[str, str] = {}
        while True:
            census: Census = await conductor.census.remote()
            for worker in census.workers:
                if told.get(worker.slot) != worker.detail:
                    told[worker.slot] = worker.detail
                    say(f"slot {worker.slot}: {worker.detail}")
                if worker.state == "failed":
                    raise SetupError(f"slot {worker.slot!r}: {worker.detail}")
            lacking = census.lacking(hosted)
            if not lacking:
                return
            self._require_in_time("; ".join(lacking))
            await asyncio.sleep(_WATCH_S)

    def _pause(self, lacking: str) -> None:
        self._require_alive()
        self._require_in_time(lacking)
        time.sleep(_POLL_S)

    def _require_in_time(self, lacking: str) -> None:
        if time.monotonic() > self._deadline_s:
            raise SetupError(f"the start took too long (`start_timeout_s`): {lacking}")


def _accepts(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(1.0)
        return sock.connect_ex((LOOPBACK, port)) == 0
