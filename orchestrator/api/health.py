"""`/healthz`, `/readyz` and `/metrics`, for machines that watch the service."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from pydantic import BaseModel

from orchestrator.api.exchange import exchange_of
from orchestrator.api.from_here import require_from_here
from orchestrator.api.openapi import described
from orchestrator.api.replies import JsonReply
from orchestrator.api.wiring import Wiring


class Health(BaseModel):
    """The state of the service."""

    status: str
    reasons: list[str] = []
    degraded: list[str] = []
    parts: dict[str, str] = {}


def endpoints(wiring: Wiring) -> APIRouter:
    """The endpoints of probes and scrapers."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="Whether the process is alive", responses=described(Health))
    async def healthz() -> Response:
        """Always 200 while the process answers."""
        return JsonReply(orjson.dumps({"status": "alive", "reasons": []}))

    @router.get("/readyz", summary="Whether requests can be answered", responses=described(Health))
    async def readyz() -> Response:
        """200 when ready, or degraded, which says what is away; else 503 with the reasons."""
        state = wiring.readiness()
        body = {
            "status": state.status,
            "reasons": state.reasons,
            "degraded": state.degraded,
            "parts": dict(state.parts),
        }
        return JsonReply(orjson.dumps(body), status=200 if state.is_ready else 503)

    @router.get(
        "/metrics",
        summary="Prometheus metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **described()},
        dependencies=[Depends(_require_scraper)] if wiring.settings.admin == "key" else [],
    )
    def metrics() -> Response:
        """Every metric of the catalogue; runs in a thread, since it may read files."""
        collected = generate_latest(_collector(wiring.settings.metrics_dir))
        return Response(collected, headers={"content-type": CONTENT_TYPE_LATEST})

    return router


async def _require_scraper(request: Request) -> None:
    """Figures of all callers are for operators: by an admin key, or on this machine.

    Raises:
        ForbiddenError: neither.
    """
    if not exchange_of(request).caller.is_admin:
        require_from_here(request, "/metrics without an admin key")


def _collector(metrics_dir: str | None) -> CollectorRegistry:
    """This process's metrics, or the sum over all processes that write to the folder."""
    if metrics_dir is None:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=metrics_dir)  # type: ignore[no-untyped-call]
    return registry
