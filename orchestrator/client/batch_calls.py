"""Requests about files and batches, built once for both clients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, TypeAlias
from urllib.parse import quote, urlencode

from orchestrator.client.calls import Outgoing, Upload, headers_of
from orchestrator.errors import InvalidRequestError

#: A file on this machine, by its path or open for reading bytes.
Source: TypeAlias = str | Path | IO[bytes]

#: The metadata by which a batch is planned alone.
PLAN = {"plan": "true"}

_EVENTS = {b"accept": b"text/event-stream"}
#: A stream that tells something every second and is silent for so long is broken, seconds.
_SILENT_S = 15.0


@contextmanager
def opened(source: Source) -> Iterator[IO[bytes]]:
    """The file, which is closed again where it was opened here.

    Raises:
        InvalidRequestError: it cannot be read.
    """
    if not isinstance(source, str | Path):
        yield source
        return
    try:
        content = Path(source).open("rb")  # noqa: SIM115
    except OSError as exc:
        raise InvalidRequestError(f"{str(source)!r} cannot be read: {exc.strerror}") from exc
    with content:
        yield content


def upload_fields(*, purpose: str, expires_after_s: int | None) -> dict[str, str]:
    """What is said of a file beside it."""
    if expires_after_s is None:
        return {"purpose": purpose}
    expiry = {"[anchor]": "created_at", "[seconds]": str(expires_after_s)}
    return {"purpose": purpose, **{f"expires_after{key}": text for key, text in expiry.items()}}


def upload_call(
    content: IO[bytes],
    *,
    filename: str | None,
    fields: Mapping[str, str],
    idempotency_key: str | None = None,
) -> Outgoing:
    """Keep a file."""
    name = Path(filename or str(getattr(content, "name", "batch.jsonl"))).name
    upload = Upload(filename=name, content=content, fields=fields)
    named = headers_of(_named(idempotency_key))
    return Outgoing(
        method="POST", path="/v1/files", upload=upload, headers=named, may_be_named=True
    )


def files_call(*, purpose: str | None, after: str | None, limit: int) -> Outgoing:
    """A page of files."""
    path = _paged("/v1/files", limit, after=after, purpose=purpose)
    return Outgoing(method="GET", path=path, repeats="always")


def file_call(file_id: str) -> Outgoing:
    """What is known of a file."""
    return Outgoing(method="GET", path=f"/v1/files/{_name(file_id)}", repeats="always")


def delete_file_call(file_id: str) -> Outgoing:
    """Remove a file."""
    return Outgoing(method="DELETE", path=f"/v1/files/{_name(file_id)}")


def content_call(file_id: str) -> Outgoing:
    """All that is in a file."""
    return Outgoing(method="GET", path=f"/v1/files/{_name(file_id)}/content", repeats="always")


def rest_call(file_id: str, *, start: int) -> Outgoing:
    """What is in a file from its byte number `start` on, if the service can begin there."""
    headers = {b"range": b"bytes=%d-" % start} if start else {}
    return Outgoing(method="GET", path=f"/v1/files/{_name(file_id)}/content", headers=headers)


def create_call(
    input_file_id: str,
    *,
    endpoint: str,
    completion_window: str,
    metadata: Mapping[str, str] | None,
    idempotency_key: str | None = None,
) -> Outgoing:
    """Begin a batch."""
    body: dict[str, Any] = {
        "input_file_id": input_file_id,
        "endpoint": endpoint,
        "completion_window": completion_window,
    }
    if metadata:
        body["metadata"] = dict(metadata)
    named = headers_of(_named(idempotency_key))
    return Outgoing(method="POST", path="/v1/batches", body=body, headers=named, may_be_named=True)


def batch_call(batch_id: str) -> Outgoing:
    """One batch."""
    return Outgoing(method="GET", path=f"/v1/batches/{_name(batch_id)}", repeats="always")


def batches_call(*, after: str | None, limit: int) -> Outgoing:
    """A page of batches."""
    return Outgoing(method="GET", path=_paged("/v1/batches", limit, after=after), repeats="always")


def cancel_call(batch_id: str) -> Outgoing:
    """End a batch; what is finished is kept."""
    return Outgoing(method="POST", path=f"/v1/batches/{_name(batch_id)}/cancel")


def progress_call(batch_id: str) -> Outgoing:
    """How far a batch is."""
    path = f"/v1/batches/{_name(batch_id)}/progress"
    return Outgoing(method="GET", path=path, repeats="always")


def look_call(batch_id: str) -> Outgoing:
    """The same, once: who watches asks again by itself."""
    return replace(progress_call(batch_id), repeats="never")


def watch_call(batch_id: str) -> Outgoing:
    """The same again and again, until it has ended."""
    path = f"/v1/batches/{_name(batch_id)}/progress"
    return Outgoing(method="GET", path=path, headers=_EVENTS, timeout_s=_SILENT_S)


def timeline_call(batch_id: str) -> Outgoing:
    """What was predicted, and what happened."""
    return Outgoing(method="GET", path=f"/v1/batches/{_name(batch_id)}/timeline", repeats="always")


def page_call(batch_id: str) -> Outgoing:
    """The same, drawn."""
    path = f"/v1/batches/{_name(batch_id)}/timeline?format=html"
    return Outgoing(method="GET", path=path, headers={b"accept": b"text/html"}, repeats="always")


def _paged(path: str, limit: int, **more: str | None) -> str:
    asked = {name: value for name, value in more.items() if value is not None}
    return f"{path}?{urlencode({'limit': limit, **asked})}"


def _name(one: str) -> str:
    """An id as one step of a path, whatever it holds."""
    return quote(one, safe="")


def _named(idempotency_key: str | None) -> dict[str, str]:
    return {} if idempotency_key is None else {"idempotency_key": idempotency_key}
