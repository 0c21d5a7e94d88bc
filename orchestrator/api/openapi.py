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
from orchestrator.api.gate import FOR_ANYBODY
from orchestrator.api.headers import TABLE
from orchestrator.api.judging import FeedbackRequest
from orchestrator.api.key_view import KeyPatch, RotateBody
from orchestrator.api.openai_forms import CompletionChunk
from orchestrator.api.openapi_links import add_links
from orchestrator.api.parameters import IGNORED, REFUSED
from orchestrator.api.requests import (
    ChatRequest,
    CompletionRequest,
    RouteChatRequest,
    RouteTextRequest,
)
from orchestrator.api.response_request import ResponseRequest
from orchestrator.api.response_schema import ResponseObject

_TURNS = [{"role": "user", "content": "What is the capital of Kenya?"}]
#: A body by the model of its name.
EXAMPLES: dict[str, dict[str, Any]] = {
    "BatchRequest": {
        "input_file_id": "file-1",
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
    },
    "ChatRequest": {"model": "auto", "messages": _TURNS},
    "CompletionRequest": {"model": "auto", "prompt": "The capital of Kenya is"},
    "EmbeddingRequest": {"model": "minilm", "input": ["Nairobi", "Kenya"]},
    "FeedbackRequest": {"request_id": "req-1", "score": 1.0},
    "KeyPatch": {"terms": {"requests_per_minute": 600}},
    "KeyWish": {"name": "the web shop", "terms": {"requests_per_minute": 60}},
    "ResponseRequest": {"model": "auto", "input": "What is the capital of Kenya?"},
    "RotateBody": {"grace_s": 3600},
    "RouteChatRequest": {"messages": _TURNS},
    "RouteTextRequest": {"prompt": "The capital of Kenya is"},
}
_DONE = "[DONE]"
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


def events_of(form: dict[str, Any]) -> dict[str, Any]:
    """`content` of an answer in events, whose data is JSON of this form or the mark of the end."""
    told = {"type": "string", "contentMediaType": "application/json", "contentSchema": form}
    event = {
        "type": "object",
        "properties": {"event": {"type": "string"}, "data": {"anyOf": [{"const": _DONE}, told]}},
        "required": ["data"],
    }
    return {"text/event-stream": {"schema": event}}


def generated(whole: type[BaseModel], event: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """`responses` of a generating endpoint: one object, or events of another."""
    form = {"anyOf": [_ref(event), _ref(ErrorEnvelope)]}
    ok = {
        "model": whole,
        "description": "The answer; with `stream`, events, each of this form, and then `[DONE]`.",
        "content": events_of(form),
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
        "content": events_of({"type": "object", "required": ["type", "sequence_number"]}),
    }
    return {**described(), 200: ok}


def body_of(*models: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra` of an endpoint that reads its body itself."""
    refs = [_ref(model) for model in models]
    schema = refs[0] if len(refs) == 1 else {"anyOf": refs}
    form: dict[str, Any] = {"schema": schema}
    shown = {model.__name__: {"value": EXAMPLES[model.__name__]} for model in models}
    form["examples"] = shown
    return {"requestBody": {"required": True, "content": {"application/json": form}}}


def _ref(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": _REF.format(model=model.__name__)}


def document(app: FastAPI, *, asks_for_keys: bool = False) -> dict[str, Any]:
    """The whole document, with the tables that code and readers share."""
    found = get_openapi(
        title=app.title, version=app.version, description=_description(), routes=app.routes
    )
    _, bodies = models_json_schema([(model, "validation") for model in _BODIES], ref_template=_REF)
    _close(bodies["$defs"])
    for event in (ChatCompletionChunk, CompletionChunk):
        found["components"]["schemas"].update(_event_schemas(event))
    found["components"]["schemas"].update(bodies["$defs"])
    add_links(found)
    if asks_for_keys:
        _ask_for_keys(found)
    return found


def _ask_for_keys(found: dict[str, Any]) -> None:
    """Tell that all but what machines ask of every service needs a key."""
    scheme = {"type": "http", "scheme": "bearer", "description": "A key that an operator made."}
    found["components"]["securitySchemes"] = {"key": scheme}
    found["security"] = [{"key": []}]
    for path in FOR_ANYBODY:
        found["paths"][path]["get"]["security"] = []


def _close(schemas: dict[str, Any]) -> None:
    """Tell of each body with open keys which they are: those left aside, and those refused."""
    named: dict[str, dict[str, Any]] = {
        **{
            name: {"type": "null", "description": f"Refused: {why}."}
            for name, why in REFUSED.items()
        },
        **{name: {"description": f"Left aside. {why}"} for name, why in IGNORED.items()},
    }
    for model in _BODIES:
        schema = schemas[model.__name__]
        if schema.get("additionalProperties") is True:
            schema["properties"] = {**named, **schema["properties"]}
            schema["additionalProperties"] = False


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
