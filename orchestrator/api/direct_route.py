"""A route without FastAPI's machinery, for endpoints that are paid per token."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


class DirectRoute(APIRoute):
    """Hands the request to its endpoint as it is: nothing is injected, nothing is validated.

    The endpoint is `async (Request) -> Response`; the document still describes it by `responses`
    and `openapi_extra`.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint itself."""
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return endpoint
