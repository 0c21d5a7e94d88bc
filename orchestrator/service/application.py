"""The Serve application: a Conductor, a batch runner, one worker a slot, gateways as asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from ray import serve
from ray.serve import Application, RunTarget

from orchestrator.api.settings import ApiSettings
from orchestrator.batch.executor import ExecutorSettings
from orchestrator.batch.settings import BatchSettings
from orchestrator.caching.settings import CacheSettings
from orchestrator.engines.hosting import OpenHost
from orchestrator.registry.widths import Width
from orchestrator.registry.widths import width as width_of
from orchestrator.service.batch_runner import BatchRunner, BatchRunnerPlan
from orchestrator.service.conductor import Conductor, ConductorPlan
from orchestrator.service.entry import OPEN, Entry
from orchestrator.service.gateway import Gateway, GatewayPlan
from orchestrator.service.serving import (
    APPLICATION,
    GATEWAY,
    QUIET,
    is_worker,
    running_editions,
    running_workers,
    worker_deployment,
)
from orchestrator.service.sites import Site
from orchestrator.service.worker import Worker, WorkerPlan

#: The worker's own queue is the only one: Serve passes every call on at once.
_NO_LIMIT = 100_000
#: A replaced worker is noticed by Serve within this, seconds.
_HEALTH_PERIOD_S = 1.0
#: A worker that loads vLLM's libraries answers late; it is not to be killed for it.
_HEALTH_TIMEOUT_S = 60.0
_SHUTDOWN_S = 5.0
#: A gateway that is replaced ends its longest answer first; a stop of the service ends them before.
GATEWAY_SHUTDOWN_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """Everything the deployments are built from."""

    #: The registry file, absolute.
    registry: Path
    #: Names of the workers, see `widths.worker_names`; edits of the registry change them.
    workers: frozenset[str]
    gateways: int
    store_url: str = field(repr=False)
    metrics_dir: Path
    #: Where workers keep what steps and calls take.
    costs_dir: Path
    #: Where batches and files lie: a folder, or any URL of fsspec.
    storage_url: str = field(repr=False)
    #: What callers may send.
    limits: ApiSettings
    open_host: OpenHost
    #: Where all of it runs.
    site: Site
    #: What its processes are started with, in short. Serve replaces what has another version, and
    #: leaves alone what has none but the workers that came or went beside it.
    stamp: str = "1"
    #: Deployment -> how it is told from the processes that it had before it was restarted.
    editions: Mapping[str, str] = field(default_factory=dict)
    batches: BatchSettings = field(default_factory=BatchSettings)
    #: Who may enter.
    entry: Entry = OPEN
    #: Where actions of operators are noted; `None` where they are not.
    audit_log: Path | None = None
    #: Which answers are told again.
    cache: CacheSettings = field(default_factory=CacheSettings)


def run_workers(blueprint: Blueprint, workers: frozenset[str], renewed: str | None = None) -> None:
    """Have Serve run exactly these workers beside all else, which it leaves as it is.

    Blocks until Serve has taken the order, not until it is carried out.

    Args:
        blueprint: as the service was started.
        workers: their slots.
        renewed: a deployment whose processes are to be replaced by new ones.
    """
    editions = running_editions()
    if renewed is not None:
        editions |= {renewed: f"{blueprint.stamp}-{uuid4().hex}"}
    _run(replace(blueprint, workers=workers, editions=editions))


def run_all(blueprint: Blueprint) -> None:
    """Have Serve run all of it; of what runs, what was started otherwise is replaced.

    Workers that run stay as they are: the Conductor ends those that are not to be. Blocks until
    Serve has taken the order.

    Args:
        blueprint: as the service is to be.
    """
    editions = kept(running_editions(), stamp=blueprint.stamp)
    workers = running_workers() or blueprint.workers
    _run(replace(blueprint, workers=workers, editions=editions))


def kept(editions: Mapping[str, str], *, stamp: str) -> dict[str, str]:
    """Those of `editions` that stay where a service is to be as `stamp` says.

    Args:
        editions: deployment -> edition that Serve runs.
        stamp: of the blueprint.
    """
    return {
        name: edition
        for name, edition in editions.items()
        if is_worker(name) or edition.partition("-")[0] == stamp
    }


def _run(blueprint: Blueprint) -> None:
    serve.run_many(
        [RunTarget(target=build(blueprint), name=APPLICATION, logging_config=QUIET)],
        wait_for_ingress_deployment_creation=False,
        wait_for_applications_running=False,
    )


def build(blueprint: Blueprint) -> Application:
    """Bind the deployments to each other; nothing runs yet."""
    workers = [_worker(name, blueprint) for name in sorted(blueprint.workers)]
    conductor = _deployment(Conductor, "conductor", blueprint=blueprint).bind(
        ConductorPlan(
            registry=blueprint.registry,
            store_url=blueprint.store_url,
            metrics_dir=blueprint.metrics_dir,
            run_workers=partial(run_workers, blueprint),
            site=blueprint.site,
        ),
        workers,
    )
    gateway = _deployment(
        serve.ingress()(Gateway),
        GATEWAY,
        blueprint=blueprint,
        num_replicas=blueprint.gateways,
        shutdown_s=GATEWAY_SHUTDOWN_S,
    )
    runner = _deployment(BatchRunner, "batches", blueprint=blueprint).bind(
        _runner_plan(blueprint), conductor
    )
    return gateway.bind(_gateway_plan(blueprint), conductor, runner)


def _worker(name: str, blueprint: Blueprint) -> Application:
    given = width_of(name)
    deployment = _deployment(
        Worker,
        worker_deployment(name),
        blueprint=blueprint,
        width=given,
    )
    plan = WorkerPlan(slot=name, open_host=blueprint.open_host, costs_dir=blueprint.costs_dir)
    return deployment.bind(plan)


def _gateway_plan(blueprint: Blueprint) -> GatewayPlan:
    return GatewayPlan(
        api=_api(blueprint),
        store_url=blueprint.store_url,
        storage_url=blueprint.storage_url,
        entry=blueprint.entry,
        audit_log=blueprint.audit_log,
        cache=blueprint.cache,
    )


def _runner_plan(blueprint: Blueprint) -> BatchRunnerPlan:
    return BatchRunnerPlan(
        api=_api(blueprint),
        store_url=blueprint.store_url,
        storage_url=blueprint.storage_url,
        settings=blueprint.batches,
        executor=ExecutorSettings(),
        entry=blueprint.entry,
    )


def _api(blueprint: Blueprint) -> ApiSettings:
    told = {
        "metrics_dir": str(blueprint.metrics_dir),
        "admin": blueprint.entry.admin,
        "sends_x_request_id": False,  # Serve sends it, and a client would join the two
    }
    return blueprint.limits.model_copy(update=told)


def _deployment(
    kind: type,
    name: str,
    *,
    blueprint: Blueprint,
    num_replicas: int = 1,
    width: Width | None = None,
    shutdown_s: float = _SHUTDOWN_S,
) -> Any:
    variables = {
        # Set here and not for all of Ray, whose agents export with the same library.
        "PROMETHEUS_MULTIPROC_DIR": str(blueprint.metrics_dir),
        # Ray would set the number of CPUs reserved, which is next to none.
        "OMP_NUM_THREADS": str(width.cpus if width else 1),
        **blueprint.site.variables,
    }
    deployment = serve.deployment(
        kind,
        name=name,
        num_replicas=num_replicas,
        max_ongoing_requests=_NO_LIMIT,
        health_check_period_s=_HEALTH_PERIOD_S,
        health_check_timeout_s=_HEALTH_TIMEOUT_S,
        graceful_shutdown_timeout_s=shutdown_s,
        # Of gateways another one is up before the first ends; slots have no room for two workers.
        max_surge_percent=1 if name == GATEWAY else 0,
        graceful_shutdown_wait_loop_s=0.2,
        ray_actor_options={
            **(blueprint.site.worker(width) if width else blueprint.site.control()),
            "runtime_env": {"env_vars": variables},
        },
    )
    # Of Serve's own: without it every deployment has a version of its own, and a slot that comes
    # would have the gateways replaced.
    return deployment.options(version=blueprint.editions.get(name, blueprint.stamp), _internal=True)
