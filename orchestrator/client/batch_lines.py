"""What callers hand over for a batch, as the lines of an input file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TypeAlias

from orchestrator.client.batch_calls import opened
from orchestrator.client.custom_ids import CustomIds, require_ids
from orchestrator.client.row_requests import Tabular, is_frame, row_requests
from orchestrator.errors import InvalidRequestError

#: A line as an input file has it, the body of a request, or the text of one user turn.
Request: TypeAlias = str | Mapping[str, Any]
#: A file on this machine, requests one after the other, or a data frame of them.
Requests: TypeAlias = str | Path | Iterable[Request] | Tabular

#: Held in memory before it goes to disk.
_SPOOL_BYTES = 8 * 2**20
#: Where a text goes that is a request by itself.
_KEYS = {
    "/v1/chat/completions": "messages",
    "/v1/completions": "prompt",
    "/v1/embeddings": "input",
}


def line_of(request: Request, number: int, *, endpoint: str, model: str) -> bytes:
    """One line with its end.

    Args:
        request: what stands in it; what it leaves out is filled in.
        number: from 1; names a request that has no `custom_id`.
        endpoint: of the batch.
        model: of a body that names none.

    Raises:
        InvalidRequestError: it is neither a text nor a mapping, or its body is none.
    """
    if isinstance(request, str):
        line: dict[str, Any] = {"body": _text_body(request, endpoint)}
    elif not isinstance(request, Mapping):
        raise InvalidRequestError(
            f"request {number} is of type {type(request).__name__!r}; allowed: a line or body as a "
            "mapping, or a text"
        )
    else:
        line = dict(request) if "body" in request or "custom_id" in request else {"body": request}
    body = line.get("body")
    if not isinstance(body, Mapping):
        raise InvalidRequestError(f"request {number} has no body: 'body' must be a mapping")
    named = {"custom_id": named_by(number), "method": "POST", "url": endpoint, **line}
    try:
        text = json.dumps({**named, "body": {"model": model, **body}}, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise InvalidRequestError(f"request {number} cannot be written as JSON: {exc}") from exc
    return text.encode() + b"\n"


@contextmanager
def written(requests: Requests, *, endpoint: str, model: str) -> Iterator[IO[bytes]]:
    """An input file of `requests`, open at its beginning; long ones are not held in memory.

    Raises:
        InvalidRequestError: a file cannot be read, a request is none, or an id is there twice.
    """
    if isinstance(requests, str | Path):
        with opened(requests) as content:
            require_ids(content)
            content.seek(0)
            yield content
        return
    if is_frame(requests):
        found: Iterable[Request] = row_requests(requests, key=_KEYS.get(endpoint, "prompt"))
    else:
        found = requests
    seen = CustomIds(lambda number: f"'custom_id' of request {number}")
    with SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
        for number, request in enumerate(found, start=1):
            line = line_of(request, number, endpoint=endpoint, model=model)
            if isinstance(request, Mapping) and "custom_id" in request:
                seen.add(request["custom_id"], number)
            else:
                seen.require_new(named_by(number), number)
            spool.write(line)
        spool.seek(0)
        yield spool


def named_by(number: int) -> str:
    """The `custom_id` of a request that has none of its own."""
    return f"request-{number}"


def name_of(requests: Requests) -> str:
    """What the file of `requests` is called at the service."""
    return Path(requests).name if isinstance(requests, str | Path) else "requests.jsonl"


def _text_body(text: str, endpoint: str) -> Mapping[str, Any]:
    key = _KEYS.get(endpoint)
    if key is None:
        raise InvalidRequestError(
            f"a text is no request of {endpoint!r}; those it is one of: {list(_KEYS)}"
        )
    return {key: [{"role": "user", "content": text}] if key == "messages" else text}
