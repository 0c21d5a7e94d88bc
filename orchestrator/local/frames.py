"""Rows of data frames as requests; no library of frames is needed, or imported."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from orchestrator.client.batch_lines import Request, Requests
from orchestrator.errors import InvalidRequestError

#: The column of a text that is a request by itself.
_PROMPT = "prompt"
_ID = "custom_id"
#: Where such a text goes, and what may stand there in its place.
_KEYS = {
    "/v1/chat/completions": "messages",
    "/v1/completions": "prompt",
    "/v1/embeddings": "input",
}


def requests_of(requests: Requests, *, endpoint: str) -> Requests:
    """The rows of a data frame as lines; anything else as it is.

    A row has a `prompt`, or what its endpoint reads (`messages`, `input`); a `custom_id` names it;
    every other column is a field of its body, where it has a value.

    Args:
        requests: a data frame of pandas, polars or Arrow, or what `Client.batch` takes.
        endpoint: of all of them.

    Raises:
        InvalidRequestError: a frame lacks the column; names those it has.
    """
    rows = _rows(requests)
    if rows is None:
        return requests
    key = _KEYS.get(endpoint, _PROMPT)
    columns = [str(one) for one in getattr(requests, "column_names", requests.columns)]  # type: ignore[union-attr]
    if key not in columns and _PROMPT not in columns:
        allowed = sorted({key, _PROMPT})
        raise InvalidRequestError(
            f"the data frame has the columns {columns[:20]}, and none of {allowed}: rename one"
        )
    return _lines(rows, key)


def _rows(frame: Any) -> Iterable[Mapping[str, Any]] | None:
    """Its rows where it is a frame: each library has a word of its own for them."""
    if hasattr(frame, "iter_rows"):  # polars
        found: Iterable[Mapping[str, Any]] = frame.iter_rows(named=True)
        return found
    if hasattr(frame, "to_batches") and hasattr(frame, "column_names"):  # Arrow
        return (row for batch in frame.to_batches() for row in batch.to_pylist())
    if hasattr(frame, "to_dict") and hasattr(frame, "columns"):  # pandas
        rows: Iterable[Mapping[str, Any]] = frame.to_dict("records")
        return rows
    return None


def _lines(rows: Iterable[Mapping[str, Any]], key: str) -> Iterator[Request]:
    for row in rows:
        body = {str(name): _whole(value) for name, value in row.items() if not _is_missing(value)}
        named = {_ID: str(body.pop(_ID))} if _ID in body else {}
        if key not in body and _PROMPT in body:
            text = body.pop(_PROMPT)
            body[key] = [{"role": "user", "content": text}] if key == "messages" else text
        yield {**named, "body": body}


def _whole(value: object) -> object:
    """A number of tokens as it was: pandas has floats where some row has none."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
