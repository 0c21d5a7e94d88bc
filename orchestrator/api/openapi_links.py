"""Which answer of the OpenAPI document leads to which request: its links.

By these, tools that call one endpoint after another find ids that are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_ID = "$response.body#/id"
_REQUEST_ID = "$response.header.x-orchestrator-request-id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """From a 200 of one operation to another operation; an operation is method and path."""

    source: tuple[str, str]
    target: tuple[str, str]
    #: Parameter of the target's path -> where the answer has it.
    parameters: Mapping[str, str] = field(default_factory=dict)
    #: Body of the target, with places of the answer in it.
    body: Mapping[str, Any] | None = None


_UPLOAD = ("post", "/v1/files")
_CREATE = ("post", "/v1/batches")
_FEEDBACK = ("post", "/v1/feedback")
_ANSWERED: dict[str, Any] = {"request_id": _REQUEST_ID, "score": 1.0}
_BATCH = {
    "input_file_id": _ID,
    "endpoint": "/v1/chat/completions",
    "completion_window": "24h",
}

LINKS: tuple[Link, ...] = (
    *(
        Link(source=_UPLOAD, target=target, parameters={"file_id": _ID})
        for target in (
            ("get", "/v1/files/{file_id}"),
            ("get", "/v1/files/{file_id}/content"),
            ("delete", "/v1/files/{file_id}"),
        )
    ),
    Link(source=_UPLOAD, target=_CREATE, body=_BATCH),
    *(
        Link(source=_CREATE, target=target, parameters={"batch_id": _ID})
        for target in (
            ("get", "/v1/batches/{batch_id}"),
            ("get", "/v1/batches/{batch_id}/progress"),
            ("get", "/v1/batches/{batch_id}/timeline"),
            ("post", "/v1/batches/{batch_id}/cancel"),
        )
    ),
    *(
        Link(source=("post", path), target=_FEEDBACK, body=_ANSWERED)
        for path in ("/v1/chat/completions", "/v1/completions", "/v1/responses")
    ),
    Link(
        source=("post", "/v1/chat/completions"),
        target=("get", "/admin/decisions/{request_id}"),
        parameters={"request_id": _REQUEST_ID},
    ),
    Link(
        source=_FEEDBACK,
        target=("delete", "/v1/feedback/{feedback_id}"),
        parameters={"feedback_id": _ID},
    ),
    *(
        Link(source=("post", "/admin/keys"), target=(verb, path), parameters={"key_id": _ID})
        for verb, path in (
            ("get", "/admin/keys/{key_id}"),
            ("patch", "/admin/keys/{key_id}"),
            ("delete", "/admin/keys/{key_id}"),
            ("post", "/admin/keys/{key_id}/rotate"),
        )
    ),
)


def add_links(document: dict[str, Any]) -> None:
    """Write the links between operations that this document has into it."""
    paths = document["paths"]
    for link in LINKS:
        source, target = (
            paths.get(path, {}).get(verb) for verb, path in (link.source, link.target)
        )
        if source is None or target is None:
            continue
        told: dict[str, Any] = {"operationId": target["operationId"]}
        if link.parameters:
            told["parameters"] = dict(link.parameters)
        if link.body is not None:
            told["requestBody"] = dict(link.body)
        source["responses"]["200"].setdefault("links", {})[target["operationId"]] = told
