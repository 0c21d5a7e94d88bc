"""Bytes over HTTP, from where a transfer before ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from orchestrator.checkpoints.sources import safe
from orchestrator.errors import ModelError, TransferError

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
#: A try later may be answered otherwise.
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


@contextmanager
def web_client(headers: Mapping[str, str] | None = None) -> Iterator[httpx.Client]:
    """A client that follows redirects; credentials stay with the host they are for."""
    # Files are hashed as they are: no compression on the way, whose length would be another.
    plain = {**(headers or {}), "Accept-Encoding": "identity"}
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=True, headers=plain) as client:
        yield client


@contextmanager
def read_url(client: httpx.Client, url: str, *, offset: int) -> Iterator[Iterator[bytes]]:
    """The bytes of `url` from `offset` on, whether or not the server knows ranges."""
    headers = {"Range": f"bytes={offset}-"} if offset else {}
    with translated(url), client.stream("GET", url, headers=headers) as response:
        if offset and response.status_code == 416:
            yield iter(())  # there is nothing after it
            return
        require_found(response)
        chunks = response.iter_raw()  # as they come: what is gathered would be lost at a break
        yield _without(offset, chunks) if offset and response.status_code != 206 else chunks


def require_found(response: httpx.Response) -> None:
    """Raise what a status means.

    Raises:
        ModelError: it will not change by itself.
        TransferError: it may.
    """
    if response.is_success:
        return
    message = f"{safe(str(response.request.url))} answered {response.status_code}"
    if response.status_code in _LATER:
        raise TransferError(message)
    hints = {
        401: ": it asks for a key; set HF_TOKEN, or the credentials of this server",
        403: ": this key may not read it; ask its owner for access",
        404: ": there is no such file",
    }
    raise ModelError(message + hints.get(response.status_code, ""))


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Httpx's errors as ours."""
    try:
        yield
    except httpx.InvalidURL as exc:
        raise ModelError(f"{safe(url)} is no URL: {exc}") from exc
    except httpx.HTTPError as exc:
        why = str(exc) or type(exc).__name__
        raise TransferError(f"{safe(url)} stopped answering: {why}") from exc


def _without(offset: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if offset < len(chunk):
            yield chunk[offset:]
        offset = max(0, offset - len(chunk))
