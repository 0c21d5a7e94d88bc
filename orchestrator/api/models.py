"""`GET /v1/models` and `/v1/models/{id}`: every name that callers can use."""

from __future__ import annotations

from typing import Any, Literal

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from orchestrator.api.binding import require_model, visible
from orchestrator.api.direct_route import DirectRoute
from orchestrator.api.exchange import exchange_of
from orchestrator.api.openapi import described
from orchestrator.api.replies import JsonReply
from orchestrator.api.wiring import Wiring
from orchestrator.compositions.programs import Model
from orchestrator.registry.engine_entry import Task
from orchestrator.registry.variants import serving


class ModelEntry(BaseModel):
    """OpenAI's model object, with what the registry knows beyond it."""

    id: str
    object: Literal["model"] = "model"
    created: int = Field(description="When this endpoint was built, Unix seconds.")
    owned_by: str
    kind: Literal["expert", "composition"]
    task: Task = Field(description="`generate` answers with text, `embed` with vectors.")
    skills: list[str] = []
    modalities: list[str] = []
    license: str | None = None
    parameters: int | None = None
    max_model_len: int | None = Field(None, description="Longest context, tokens, where known.")
    version: str | None = Field(None, description="Of the expert's definition: 12 digits.")
    base: str | None = Field(None, description="Expert that an adapter is put on.")
    variant: str | None = Field(None, description="What serves in its place, in fewer bits.")
    loss: float | None = Field(None, description="Measured loss of it, points of a hundred.")


class ModelList(BaseModel):
    """All models, compositions first."""

    object: Literal["list"] = "list"
    data: list[ModelEntry]


def endpoints(wiring: Wiring) -> APIRouter:
    """The model endpoints."""
    router = APIRouter(route_class=DirectRoute, tags=["models"])

    @router.get("/v1/models", summary="List models", responses=described(ModelList))
    async def list_models(request: Request) -> Response:
        """Experts and compositions of the live generation that the caller's key may name."""
        exchange, programs = exchange_of(request), wiring.live()
        exchange.generation = programs.generation
        told = visible(exchange.caller, programs)
        entries = [_entry(model, wiring.created_s) for model in told]
        return JsonReply(orjson.dumps({"object": "list", "data": entries}))

    @router.get(
        "/v1/models/{model_id}",
        summary="Show a model",
        responses=described(ModelEntry),
        openapi_extra={
            "parameters": [
                {"name": "model_id", "in": "path", "required": True, "schema": {"type": "string"}}
            ]
        },
    )
    async def show_model(request: Request) -> Response:
        """One expert or composition."""
        exchange, programs = exchange_of(request), wiring.live()
        exchange.generation = programs.generation
        model_id = request.path_params["model_id"]
        require_model(model_id, exchange.caller, programs)
        model = programs.model(model_id)
        return JsonReply(orjson.dumps(_entry(model, wiring.created_s)))

    return router


def _entry(model: Model, created_s: int) -> dict[str, Any]:
    entry = {
        "id": model.id,
        "object": "model",
        "created": created_s,
        "owned_by": "orchestrator",
        "kind": model.kind,
        "task": model.task,
    }
    expert = model.expert
    if expert is None:
        return entry
    variant = serving(expert)
    return entry | {
        "version": expert.version,
        "base": expert.base,
        "variant": variant.name if variant else None,
        "loss": variant.loss if variant else None,
        "owned_by": expert.owner or "orchestrator",
        "skills": expert.skills,
        "modalities": expert.modalities,
        "license": expert.license,
        "parameters": expert.parameters,
        "max_model_len": getattr(expert.engine, "max_model_len", None)
        or getattr(expert.engine, "max_context", None),
    }
