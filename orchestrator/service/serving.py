"""How Serve calls what is ours, and which workers it runs."""

from __future__ import annotations

from typing import Any

from ray import serve
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import LoggingConfig

#: Our one application.
APPLICATION = "orchestrator"
#: What Serve itself logs of it.
QUIET = LoggingConfig(enable_access_log=False, log_level="WARNING")

_WORKER = "slot-"


def worker_deployment(slot: str) -> str:
    """The name of the deployment that is the worker of `slot`."""
    return f"{_WORKER}{slot}"


def worker_handle(slot: str) -> Any:
    """A handle of the worker of `slot`, new: Serve's own cache would give back a closed one."""
    return DeploymentHandle(worker_deployment(slot), APPLICATION)


def running_workers() -> frozenset[str]:
    """Slots whose workers Serve runs or starts; asks its controller and blocks for it."""
    application = serve.status().applications.get(APPLICATION)
    deployed = () if application is None else application.deployments
    return frozenset(name.removeprefix(_WORKER) for name in deployed if name.startswith(_WORKER))
