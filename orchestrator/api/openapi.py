"""The OpenAPI document: true schemas, at no cost to requests."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from orchestrator.access.keys import KeyWish
from orchestrator.api.batch_request import BatchRequest
from orchestrator.api.embedding_request import EmbeddingRequest
from orchestrator.api.headers import TABLE
from orchestrator.api.judging import FeedbackRequest
from orchestrator.api.key_view import KeyPatch, RotateBody
from orchestrator.api.parameters import IGNORED, REFUSED
from orchestrator.api.requests import (
    ChatRequest,
    CompletionRequest,
    RouteChatRequest,
    RouteTextRequest,
)
from orchestrator.api.response_request import ResponseRequest
from orchestrator.api.response_schema import ResponseObject

_REF = "#/components/schemas/{model}"
_BODIES: tuple[type[BaseModel], ...] = (
    BatchRequest,
    ChatRequest,
    CompletionRequest,
    EmbeddingRequest,
    FeedbackRequest,
    KeyPatch,
    KeyWish,
    ResponseRequest,
    RotateBody,
    RouteChatRequest,
    RouteTextRequest,
)


class ErrorBody(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorEnvelope(BaseModel):
    """Every error has this shape."""

    error: ErrorBody


def described(model: type[BaseModel] | None = None) -> dict[int | str, dict[str, Any]]:
    """`responses` of an endpoint: its model, and the error envelope."""
    errors: dict[int | str, dict[str, Any]] = {
        "default": {"model": ErrorEnvelope, "description": "Any error."}
    }
    if model is None:
        return errors
    return {200: {"model": model, "description": "Success."}, **errors}


def generated(whole: type[BaseModel], event: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """`responses` of a generating endpoint: one object, or events of another."""
    form = {"schema": {"$ref": _REF.format(model=event.__name__)}}
    ok = {
        "model": whole,
        "description": "The answer; with `stream`, events, each of this form, and then `[DONE]`.",
        "content": {"text/event-stream": form},
    }
    return {**described(), 200: ok}


def responded() -> dict[int | str, dict[str, Any]]:
    """`responses` of the Responses endpoint: one object, or its typed events."""
    ok = {
        "model": ResponseObject,
        "description": (
            "The response; with `stream`, OpenAI's typed events: `response.created`, "
            "`response.in_progress`, those of each item, and `response.completed`, "
            "`response.incomplete` or `response.failed`."
        ),
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
    return {**described(), 200: ok}


def body_of(*models: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra` of an endpoint that reads its body itself."""
    refs = [{"$ref": _REF.format(model=model.__name__)} for model in models]
    schema = refs[0] if len(refs) == 1 else {"oneOf": refs}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def document(app: FastAPI) -> dict[str, Any]:
    """The whole document, with the tables that code and readers share."""
    found = get_openapi(
        title=app.title, version=app.version, description=_description(), routes=app.routes
    )
    _, bodies = models_json_schema([(model, "validation") for model in _BODIES], ref_template=_REF)
    found["components"]["schemas"].update(bodies["$defs"], **_event_schemas(ChatCompletionChunk))
    return found


def _event_schemas(event: type[BaseModel]) -> dict[str, Any]:
    """The schemas of an event; its parts are named after it, for others have the same names."""
    prefix = f"{event.__name__}."
    schema = event.model_json_schema(
        mode="serialization", ref_template=_REF.format(model=prefix + "{model}")
    )
    parts = schema.pop("$defs", {})
    return {event.__name__: schema, **{prefix + name: part for name, part in parts.items()}}


def _description() -> str:
    tables = {
        "Response headers": {name.decode(): meaning for name, meaning in TABLE.items()},
        "Parameters accepted and left aside": IGNORED,
        "Parameters refused": REFUSED,
    }
    parts = ["One OpenAI-compatible endpoint over many expert models."]
    for title, table in tables.items():
        parts.append(f"{title}:\n" + "\n".join(f"- `{name}`: {why}" for name, why in table.items()))
    return "\n\n".join(parts)
