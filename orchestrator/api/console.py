"""`/console`: a page for people, which asks the endpoint what any other client may ask.

The page is built from `console/` at the root of the repository and shipped as it was built. It
needs no key and knows nothing: whoever uses it enters a key, which the page sends as any client
would.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files

from fastapi import APIRouter, Request, Response
from starlette.datastructures import Headers

from orchestrator.errors import NotFoundError

#: File -> its type. What is not here is not served, whatever lies in the folder.
FILES = {
    "index.html": "text/html; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "console.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
#: Nothing of elsewhere is loaded or asked, nothing stands in the page that could be run.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    # Asked for anew at each visit, and answered by 304 unless there is another build.
    "cache-control": "no-cache",
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "vary": "accept-encoding",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asset:
    """One file of the page, ready to be sent."""

    kind: str
    plain: bytes
    zipped: bytes
    tag: str


def endpoints() -> APIRouter:
    """The page and its files."""
    router = APIRouter(include_in_schema=False)
    assets = {name: _asset(name) for name in FILES}

    @router.get("/console")
    async def console() -> Response:
        """On to the folder, by a relative name: a proxy may serve us below a path of its own."""
        return Response(status_code=308, headers={**_HEADERS, "location": "console/"})

    @router.get("/console/")
    async def page(request: Request) -> Response:
        """The page itself."""
        return _reply(assets["index.html"], request.headers)

    @router.get("/console/{name}")
    async def file(name: str, request: Request) -> Response:
        """One of its files."""
        if name not in assets:
            raise NotFoundError(f"the console has no file {name[:80]!r}; it has {list(FILES)}")
        return _reply(assets[name], request.headers)

    return router


def _asset(name: str) -> _Asset:
    plain = (files("orchestrator") / "console" / name).read_bytes()
    return _Asset(
        kind=FILES[name],
        plain=plain,
        zipped=gzip.compress(plain, compresslevel=9, mtime=0),
        tag=hashlib.sha256(plain).hexdigest()[:16],
    )


def _reply(asset: _Asset, asked: Headers) -> Response:
    is_zipped = "gzip" in asked.get("accept-encoding", "")
    tag = f'"{asset.tag}{"-gzip" if is_zipped else ""}"'
    headers = {**_HEADERS, "etag": tag}
    if tag in asked.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    headers["content-type"] = asset.kind
    if is_zipped:
        headers["content-encoding"] = "gzip"
    return Response(asset.zipped if is_zipped else asset.plain, headers=headers)
