"""The service as an application of a Ray cluster that others keep: KubeRay, or `ray start`.

`serve deploy`, a KubeRay `RayService` and whatever else speaks Serve's configuration name
`orchestrator.service.on_cluster:application` as its import path, with settings as its arguments.
Slots go to whichever nodes have what they need; what decides is on the head node. The nodes have
the environment that `python -m orchestrator.service.node_environment` prints.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ray.serve import Application

import orchestrator
from orchestrator.batch.settings import BatchSettings
from orchestrator.engines.hosting import OpenHost
from orchestrator.errors import SetupError
from orchestrator.service.application import Blueprint
from orchestrator.service.cluster import BINARY
from orchestrator.service.deployer import deployer_of
from orchestrator.service.entry import Entry, entry_of
from orchestrator.service.hosts import open_vllm
from orchestrator.service.layout import named_slots
from orchestrator.service.node_exporter import PORT
from orchestrator.service.preflight import Checked, check_content
from orchestrator.service.settings import PREFIX, Settings, read
from orchestrator.service.sites import Cluster

#: Where each node keeps what is its own, unless told otherwise.
_DATA = Path("/tmp/orchestrator")  # noqa: S108 - nothing of it outlives the pod
#: Settings of `orchestrator serve` that are Ray's here, and where Ray has them.
_OF_RAY = {
    "host": "http_options.host of Serve's configuration",
    "port": "http_options.port of Serve's configuration",
    "start_timeout_s": "the probes of whoever keeps the cluster",
    "stop_timeout_s": "the grace period of the pods",
    "drain_s": "the grace period of the pods",
}
#: Settings of each node, and where a node has them.
_OF_NODE = {"metrics_port": PORT}


def application(args: Mapping[str, Any]) -> Application:
    """What deploys the service; called by Serve, in a task on a node of the cluster.

    Args:
        args: settings of `orchestrator serve` by name, beside those in ORCHESTRATOR_<NAME>.

    Raises:
        RegistryError: the registry is invalid; one fault a line.
        SetupError: a setting is wrong, or the cluster lacks what the service needs.
    """
    return application_with(open_vllm, args, os.environ)


def application_with(
    open_host: OpenHost, args: Mapping[str, Any], environment: Mapping[str, str]
) -> Application:
    """See `application`.

    Args:
        open_host: starts the engines of the slots.
        args: settings by name.
        environment: variables of this process.
    """
    _require_environment(environment)
    settings = settings_of(args, environment)
    checked = check_content(settings, entry_of(settings))
    assert settings.store_url is not None, "it was asked for"
    return deployer_of(_blueprint(settings, settings.store_url, checked, open_host), checked.edit)


def settings_of(args: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Settings of a service on a cluster.

    Raises:
        SetupError: one is wrong, is Ray's or a node's here, or is lacking.
    """
    for name in _OF_RAY.keys() & set(args):
        raise SetupError(f"setting {name!r} is Ray's on a cluster: see {_OF_RAY[name]}")
    for name in _OF_NODE.keys() & set(args):
        raise SetupError(
            f"setting {name!r} is of each node: set {_OF_NODE[name]} where Ray starts on it"
        )
    # Whoever reaches the pods reaches it: keys are asked for unless it is said otherwise.
    given = {**args, "host": "0.0.0.0"}
    settings = read({f"{PREFIX}DATA_DIR": str(_DATA), **environment}, **given)
    if settings.store_url is None:
        raise SetupError(
            "a service on a cluster needs a Redis that all nodes reach: give `store_url`"
        )
    if settings.storage_url is None:
        raise SetupError(
            "a service on a cluster keeps files and batches where every head node finds them: "
            "give `storage_url`, such as `s3://bucket/folder` or a folder of a shared volume"
        )
    return settings


def _require_environment(environment: Mapping[str, str]) -> None:
    if not environment.get(BINARY):
        raise SetupError(
            f"{BINARY} is not set on this node: start Ray with what "
            "`python -m orchestrator.service.node_environment FOLDER` prints"
        )


def stamp_of(settings: Settings, entry: Entry) -> str:
    """What tells a service from one with other settings, program or admin key; tells none of them.

    Args:
        settings: of the service.
        entry: who may enter.
    """
    told = {
        **settings.model_dump(mode="json", exclude=set(_OF_NODE)),
        "admin": entry.admin_digest,
        "version": orchestrator.__version__,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def _blueprint(
    settings: Settings, store_url: str, checked: Checked, open_host: OpenHost
) -> Blueprint:
    return Blueprint(
        registry=settings.registry.absolute(),
        workers=frozenset(name for name, _ in named_slots(checked.registry)),
        gateways=settings.gateways,
        store_url=store_url,
        metrics_dir=settings.folder / "metrics",
        costs_dir=settings.folder / "costs",
        storage_url=settings.storage,
        limits=settings.limits,
        cache=settings.cache,
        batches=BatchSettings(max_lines=settings.max_batch_lines),
        open_host=open_host,
        site=Cluster(scrapers=checked.entry.admin_digest if checked.entry.asks_for_keys else None),
        stamp=stamp_of(settings, checked.entry),
        entry=checked.entry,
        audit_log=settings.folder / "audit.log",
    )
