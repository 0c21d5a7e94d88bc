"""How Serve calls what is ours, and which workers it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import ray
from ray import serve
from ray.serve.context import _get_global_client as get_global_client
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import LoggingConfig

from orchestrator.registry.widths import width

#: Our one application.
APPLICATION = "orchestrator"
#: What Serve itself logs of it.
QUIET = LoggingConfig(enable_access_log=False, log_level="WARNING")

_WORKER = "slot-"
#: In what Serve says of a replica that it cannot place.
_LACKING = re.compile(r"required for each replica: (.+?), total resources available: (.+?)\. ")
#: The deployment of the endpoint.
GATEWAY = "gateway"


def worker_deployment(slot: str) -> str:
    """The name of the deployment that is the worker of `slot`."""
    return f"{_WORKER}{slot}"


def is_worker(deployment: str) -> bool:
    """Whether the deployment of this name is the worker of a slot."""
    return deployment.startswith(_WORKER)


def worker_handle(slot: str) -> Any:
    """A handle of the worker of `slot`, new: Serve's own cache would give back a closed one."""
    return DeploymentHandle(worker_deployment(slot), APPLICATION)


def running_workers() -> frozenset[str]:
    """Slots whose workers Serve runs or starts; asks its controller and blocks for it."""
    application = serve.status().applications.get(APPLICATION)
    deployed = () if application is None else application.deployments
    return frozenset(name.removeprefix(_WORKER) for name in deployed if is_worker(name))


def running_editions() -> dict[str, str]:
    """Deployment -> the version that Serve runs or starts of it; asks its controller and blocks.

    Serve's own to know, as which workers run: so a Conductor that is started anew does not undo
    the restarts that an earlier one was asked for.
    """
    client = get_global_client()
    application = serve.status().applications.get(APPLICATION)
    names = () if application is None else tuple(application.deployments)
    found = {name: client.get_deployment_info(name, APPLICATION)[0].version for name in names}
    return {name: version for name, version in found.items() if version is not None}


def unplaced(slot: str) -> str | None:
    """Why Serve finds no node for the worker of `slot`; asks its controller and blocks.

    `None` where it has one, or has not looked for one long enough to say.
    """
    wanted = width(slot).labels
    if wanted and (lacking := lacking_labels(wanted, node_labels())):
        return lacking
    application = serve.status().applications.get(APPLICATION)
    deployed = None if application is None else application.deployments.get(worker_deployment(slot))
    lacking = None if deployed is None else lacking_of(deployed.message)
    if lacking is None or not wanted:
        return lacking
    named = ", ".join(f"{label}={value}" for label, value in wanted.items())
    return f"{lacking}; its node has to have {named}"


def node_labels() -> list[dict[str, str]]:
    """Labels of every node that lives."""
    return [node["Labels"] for node in ray.nodes() if node["Alive"]]


def lacking_labels(wanted: Mapping[str, str], nodes: Sequence[Mapping[str, str]]) -> str | None:
    """Which labels no node has; `None` where one node has them all.

    Args:
        wanted: of the slot.
        nodes: labels of every node.
    """
    if any(wanted.items() <= node.items() for node in nodes):
        return None
    for label, value in wanted.items():
        found = sorted({node[label] for node in nodes if label in node})
        if value not in found:
            told = f"those with that label have {found}" if found else "no node has that label"
            return f"no node has the label '{label}={value}' yet: {told}"
    return f"no node has all of the labels {dict(wanted)} yet"


def lacking_of(message: str) -> str | None:
    """What Serve's message says that nodes lack; `None` where it says something else."""
    found = _LACKING.search(message)
    if found is None:
        return None
    free = "nothing" if found[2] == "{}" else found[2]
    return f"no node has room for its worker yet: it needs {found[1]}, and {free} is free"


def control_states() -> dict[str, tuple[str, str]]:
    """Deployment that is no worker -> its state by Serve, and what Serve says of it."""
    application = serve.status().applications.get(APPLICATION)
    deployed = {} if application is None else application.deployments
    return {
        name: (str(one.status.value), one.message)
        for name, one in deployed.items()
        if not is_worker(name)
    }


def gateway_states() -> dict[str, int]:
    """State of gateways by Serve -> how many; empty while Serve is changing them."""
    application = serve.status().applications.get(APPLICATION)
    gateway = None if application is None else application.deployments.get(GATEWAY)
    if gateway is None or gateway.status != "HEALTHY":
        return {}
    return {str(state): num for state, num in gateway.replica_states.items() if num}
