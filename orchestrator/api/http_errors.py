"""Errors that the framework raises itself, in our envelope."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from orchestrator.api.envelope import envelope
from orchestrator.api.exchange import exchange_of
from orchestrator.api.faults import shown
from orchestrator.api.unserved import not_served
from orchestrator.errors import InvalidRequestError

_CODES = {404: "not_found", 405: "method_not_allowed"}


def install(app: FastAPI) -> None:
    """Answer the framework's own errors in our envelope; ours pass through to the gate."""

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = _CODES.get(error.status_code, "http_error")
        exchange_of(request).error_code = code
        body = envelope(_sentence(request, error, app), status=error.status_code, code=code)
        headers = {**(error.headers or {}), "content-type": "application/json"}
        if error.status_code == 405:
            headers["Allow"] = _allowed(request, app)
        return Response(body, status_code=error.status_code, headers=headers)

    async def bad_parameter(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        fault = error.errors()[0]
        name = str(fault["loc"][-1])
        message = f"{name!r} is {shown(fault.get('input'))}; {fault['msg'][0].lower()}"
        raise InvalidRequestError(message + fault["msg"][1:], param=name) from error

    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, bad_parameter)


def _sentence(request: Request, error: HTTPException, app: FastAPI) -> str:
    path = request.url.path
    if error.status_code == 404:
        served = [route.path for route in app.routes if isinstance(route, APIRoute)]
        return not_served(path, served=served)
    if error.status_code == 405:
        allowed = _allowed(request, app)
        return f"{request.method} is not allowed on {path[:128]!r}; allowed: {allowed}"
    return str(error.detail)


def _allowed(request: Request, app: FastAPI) -> str:
    """Every method of a path; the framework names those of the first route that has it."""
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    found = {
        method
        for route in routes
        if route.path_regex.match(request.url.path)
        for method in route.methods
    }
    return ", ".join(sorted(found)) or "another method"
