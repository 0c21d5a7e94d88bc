"""The Serve application: one Conductor, one worker a slot, as many gateways as asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray import serve
from ray.serve import Application

from orchestrator.api.settings import ApiSettings
from orchestrator.engines.hosting import OpenHost
from orchestrator.registry.models import Slot
from orchestrator.service.conductor import Conductor, ConductorPlan
from orchestrator.service.gateway import Gateway, GatewayPlan
from orchestrator.service.worker import Worker, WorkerPlan

#: The worker's own queue is the only one: Serve passes every call on at once.
_NO_LIMIT = 100_000
#: A replaced worker is noticed by Serve within this, seconds.
_HEALTH_PERIOD_S = 1.0
#: A worker that loads vLLM's libraries answers late; it is not to be killed for it.
_HEALTH_TIMEOUT_S = 60.0
_SHUTDOWN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """Everything the deployments are built from."""

    #: The registry file, absolute.
    registry: Path
    #: The slots, each with a worker for as long as the service runs.
    slots: Mapping[str, Slot]
    gateways: int
    store_url: str
    metrics_dir: Path
    open_host: OpenHost


def build(blueprint: Blueprint) -> Application:
    """Bind the deployments to each other; nothing runs yet."""
    workers = {name: _worker(name, slot, blueprint) for name, slot in blueprint.slots.items()}
    conductor = _deployment(Conductor, "conductor", metrics_dir=blueprint.metrics_dir).bind(
        ConductorPlan(
            registry=blueprint.registry,
            store_url=blueprint.store_url,
            metrics_dir=blueprint.metrics_dir,
        ),
        workers,
    )
    gateway = _deployment(
        serve.ingress()(Gateway),
        "gateway",
        metrics_dir=blueprint.metrics_dir,
        num_replicas=blueprint.gateways,
    )
    return gateway.bind(_gateway_plan(blueprint), conductor, workers)


def _worker(name: str, slot: Slot, blueprint: Blueprint) -> Application:
    deployment = _deployment(
        Worker,
        f"slot-{name}",
        metrics_dir=blueprint.metrics_dir,
        num_gpus=slot.accelerators,
        threads=max(1, int(slot.cpus)),
    )
    return deployment.bind(WorkerPlan(slot=name, open_host=blueprint.open_host))


def _gateway_plan(blueprint: Blueprint) -> GatewayPlan:
    return GatewayPlan(
        api=ApiSettings(
            metrics_dir=str(blueprint.metrics_dir),
            sends_x_request_id=False,  # Serve sends it, and a client would join the two
        ),
        store_url=blueprint.store_url,
    )


def _deployment(
    kind: type,
    name: str,
    *,
    metrics_dir: Path,
    num_replicas: int = 1,
    num_gpus: int = 0,
    threads: int = 1,
) -> Any:
    variables = {
        # Set here and not for all of Ray, whose agents export with the same library.
        "PROMETHEUS_MULTIPROC_DIR": str(metrics_dir),
        # Ray would set the number of CPUs reserved, which is next to none.
        "OMP_NUM_THREADS": str(threads),
    }
    return serve.deployment(
        kind,
        name=name,
        num_replicas=num_replicas,
        max_ongoing_requests=_NO_LIMIT,
        health_check_period_s=_HEALTH_PERIOD_S,
        health_check_timeout_s=_HEALTH_TIMEOUT_S,
        graceful_shutdown_timeout_s=_SHUTDOWN_S,
        graceful_shutdown_wait_loop_s=0.2,
        ray_actor_options={
            "num_cpus": 0,
            "num_gpus": num_gpus,
            "runtime_env": {"env_vars": variables},
        },
    )
