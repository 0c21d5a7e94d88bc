"""One row of an input, as far as it can be understood before anybody is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from orchestrator.batch.batch import BatchFault
from orchestrator.batch.input_lines import RawLine
from orchestrator.batch.input_parsing import MAX_ID_CHARS, parse_line
from orchestrator.batch.line import LineFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A request, or why it is none."""

    #: Its place in its block, from 0; of JSONL empty lines count too.
    place: int
    #: Empty where it could not be read.
    custom_id: str = ""
    url: str = ""
    #: JSON of the request's body.
    body: bytes = b""
    fault: LineFault | None = None


def faulty(place: int, code: str, message: str, *, custom_id: str = "") -> Row:
    """A row that nobody can be asked for."""
    return Row(place=place, custom_id=custom_id, fault=LineFault(code=code, message=message))


def row_of_line(place: int, line: bytes) -> Row:
    """The row of a line of a batch file; every fault is a value."""
    found = parse_line(RawLine(number=place + 1, offset=0, data=line))
    if isinstance(found, BatchFault):
        return faulty(place, found.code, found.message, custom_id=_claimed_id(line))
    return Row(place=place, custom_id=found.custom_id, url=found.url, body=found.body)


def row_of_values(place: int, values: Mapping[str, Any]) -> Row:
    """The row of `custom_id`, `url` and `body`, judged as a line with them is."""
    try:
        line = orjson.dumps({**values, "method": "POST"})
    except orjson.JSONEncodeError as exc:
        custom_id = values.get("custom_id")
        return faulty(
            place, "invalid_body", f"'body' has what JSON has not: {exc}",
            custom_id=custom_id if isinstance(custom_id, str) else "",
        )  # fmt: skip
    return row_of_line(place, line)


def _claimed_id(line: bytes) -> str:
    """What a faulty line says of its id, for whoever looks for it."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return ""
    claimed = found.get("custom_id") if isinstance(found, dict) else None
    return claimed[:MAX_ID_CHARS] if isinstance(claimed, str) else ""
