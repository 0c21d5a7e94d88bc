"""Names of the lines of a batch: each is there, is a text, and is there once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from orchestrator.client.native_frames import plain
from orchestrator.errors import InvalidRequestError

#: Letters; as the service has it.
MAX_ID_CHARS = 512


class CustomIds:
    """The names seen so far.

    Args:
        place: what the place with a number is called in errors: `'custom_id' of line 3`.
    """

    def __init__(self, place: Callable[[int], str]) -> None:
        self._place = place
        self._first: dict[str, int] = {}

    def add(self, custom_id: Any, number: int) -> str:
        """The name at a place.

        Raises:
            InvalidRequestError: it is none, or another place has it.
        """
        if not isinstance(custom_id, str) or not 0 < len(custom_id) <= MAX_ID_CHARS:
            raise InvalidRequestError(
                f"{self._place(number)} is {custom_id!r:.80}; it must be a text of 1 to "
                f"{MAX_ID_CHARS}",
                param="custom_id",
            )
        self.require_new(custom_id, number)
        self._first[custom_id] = number
        return custom_id

    def require_new(self, custom_id: str, number: int) -> None:
        """A name that is not remembered, as it is made of its number.

        Raises:
            InvalidRequestError: another place has it.
        """
        if (first := self._first.get(custom_id)) is not None:
            raise InvalidRequestError(
                f"{self._place(number)} is {custom_id!r:.80}, which {self._place(first)} is too; "
                "each must be there once",
                param="custom_id",
            )


def column_ids(values: Sequence[Any], column: str) -> list[str]:
    """The names in a column of a data frame, whole numbers as texts.

    Raises:
        InvalidRequestError: one is empty, no name, or there twice; names row, column and value.
    """
    seen = CustomIds(lambda row: f"row {row} of column {column!r}")
    return [seen.add(_name(value), row) for row, value in enumerate(values)]


def require_ids(lines: Iterable[bytes]) -> None:
    """Look at the names of an input file; what else is wrong with a line is the service's to say.

    Raises:
        InvalidRequestError: one is missing, no text or there twice; names line and value.
    """
    seen = CustomIds(lambda line: f"'custom_id' of line {line}")
    for number, text in enumerate(lines, start=1):
        line = _object(text)
        if line is not None:
            seen.add(line.get("custom_id"), number)


def id_of(line: bytes) -> str | None:
    """The name that a line of an input file has; `None` of an empty line."""
    return (_object(line) or {}).get("custom_id")


def _name(value: Any) -> Any:
    value = plain(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:  # no JSON, or no text
        return None
    return found if isinstance(found, dict) else None
