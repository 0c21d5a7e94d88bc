"""`/openapi.json` and `/docs`, without a byte from elsewhere."""

from __future__ import annotations

from importlib.resources import files

import orjson
from fastapi import APIRouter, FastAPI, Response

from orchestrator.api.openapi import document
from orchestrator.api.replies import JsonReply


def endpoints(app: FastAPI, *, asks_for_keys: bool) -> APIRouter:
    """The endpoints that describe `app`."""
    router = APIRouter(include_in_schema=False)
    page = (files("orchestrator.api") / "docs.html").read_bytes()

    @router.get("/openapi.json")
    async def openapi() -> Response:
        """The OpenAPI document, built when first asked for."""
        app.openapi_schema = app.openapi_schema or document(app, asks_for_keys=asks_for_keys)
        return JsonReply(orjson.dumps(app.openapi_schema))

    @router.get("/docs")
    async def docs() -> Response:
        """A page that shows the document."""
        return Response(page, headers={"content-type": "text/html; charset=utf-8"})

    return router
