"""Data frames whose rows are requests by themselves: columns are the fields of their bodies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.client.custom_ids import column_ids
from orchestrator.client.native_frames import plain, read_frame
from orchestrator.errors import InvalidRequestError

if TYPE_CHECKING:
    import narwhals
    from typing_extensions import TypeIs

#: Of a row's name.
_ID = "custom_id"
#: The column of a text that is a request by itself.
_PROMPT = "prompt"


class Tabular(Protocol):
    """A data frame, as far as one of any library is known before it is read."""

    @property
    def columns(self) -> Any:
        """Its columns, or their names."""


def is_frame(requests: object) -> TypeIs[Tabular]:
    """Whether it looks like a data frame; no library of them is imported to find out."""
    is_tabular = hasattr(requests, "__arrow_c_stream__") or hasattr(requests, "__dataframe__")
    return is_tabular and hasattr(requests, "columns")


def row_requests(frame: object, *, key: str) -> Iterable[dict[str, Any]]:
    """One request a row, of all of its columns that have a value there.

    Args:
        frame: with a column `prompt`, or one that its endpoint reads; `custom_id` names rows.
        key: what the endpoint reads: `messages`.

    Raises:
        InvalidRequestError: a column is missing, or an id is none or there twice; names the row.
        MissingExtraError: narwhals is not installed.
    """
    found = read_frame(frame)
    columns = found.columns
    if key not in columns and _PROMPT not in columns:
        raise InvalidRequestError(
            f"the data frame has the columns {columns[:20]}, and none of "
            f"{sorted({key, _PROMPT})}: rename one"
        )
    ids = column_ids(found[_ID].to_list(), _ID) if _ID in columns else None
    return _rows(found, ids, key)


def _rows(frame: narwhals.DataFrame[Any], ids: list[str] | None, key: str) -> Iterator[Any]:
    for at, row in enumerate(frame.iter_rows(named=True)):
        told = {name: plain(value) for name, value in row.items() if name != _ID}
        body = {name: value for name, value in told.items() if value is not None}
        if key not in body and _PROMPT in body:
            text = body.pop(_PROMPT)
            body[key] = [{"role": "user", "content": text}] if key == "messages" else text
        yield {"body": body} if ids is None else {_ID: ids[at], "body": body}
