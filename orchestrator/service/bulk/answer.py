"""What came of rows, as files of results and of errors have it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.batch.line import LineFault, LineReply
from orchestrator.service.bulk.job import Format
from orchestrator.service.bulk.reading import PlacedRow

_RESULTS = pa.schema(
    [
        ("custom_id", pa.string()),
        ("answer", pa.string()),
        ("status_code", pa.int16()),
        ("request_id", pa.string()),
        ("body", pa.string()),
    ]
)
_ERRORS = pa.schema(
    [
        ("custom_id", pa.string()),
        ("code", pa.string()),
        ("message", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("status_code", pa.int16()),
        ("request_id", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The end of a row: what the endpoint said, or why it was not asked or gave up."""

    row: PlacedRow
    reply: LineReply | None = None
    #: `None` of an answer.
    fault: LineFault | None = None


def results_file(answers: Sequence[Answer], form: Format) -> bytes:
    """The answers among these, as a file."""
    given = [one for one in answers if one.fault is None]
    if form == "jsonl":
        return b"".join(_output_line(one) for one in given)
    return _parquet([_result_row(one) for one in given], _RESULTS)


def errors_file(answers: Sequence[Answer], form: Format) -> bytes | None:
    """The errors among these, as a file; `None` where there are none."""
    failed = [one for one in answers if one.fault is not None]
    if not failed:
        return None
    if form == "jsonl":
        return b"".join(_error_line(one) for one in failed)
    return _parquet([_error_row(one) for one in failed], _ERRORS)


def num_rows_of(content: bytes, form: Format) -> int:
    """Rows of a file of either kind."""
    if form == "jsonl":
        return content.count(b"\n")
    return int(pq.read_metadata(io.BytesIO(content)).num_rows)


def _output_line(one: Answer) -> bytes:
    assert one.reply is not None, "an answer has what was said"
    line = {"custom_id": one.row.row.custom_id, "response": _response(one.reply), "error": None}
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _error_line(one: Answer) -> bytes:
    assert one.fault is not None, "those without are answers"
    line = {
        "custom_id": one.row.row.custom_id or None,
        "response": None if one.reply is None else _response(one.reply),
        "error": {"code": one.fault.code, "message": one.fault.message},
        "file": one.row.path,
        "line": one.row.number,
    }
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _response(reply: LineReply) -> dict[str, Any]:
    return {
        "status_code": reply.status_code,
        "request_id": reply.request_id,
        "body": orjson.Fragment(reply.body),
    }


def _result_row(one: Answer) -> dict[str, Any]:
    assert one.reply is not None, "an answer has what was said"
    return {
        "custom_id": one.row.row.custom_id,
        "answer": _text(one.reply.body),
        "status_code": one.reply.status_code,
        "request_id": one.reply.request_id,
        "body": one.reply.body.decode(),
    }


def _error_row(one: Answer) -> dict[str, Any]:
    assert one.fault is not None, "those without are answers"
    return {
        "custom_id": one.row.row.custom_id or None,
        "code": one.fault.code,
        "message": one.fault.message,
        "file": one.row.path,
        "line": one.row.number,
        "status_code": None if one.reply is None else one.reply.status_code,
        "request_id": None if one.reply is None else one.reply.request_id,
    }


def _text(body: bytes) -> str | None:
    """What a first choice says; of embeddings and calls of tools nothing."""
    choices = orjson.loads(body).get("choices")
    if not choices:
        return None
    first = choices[0]
    text = first.get("text", (first.get("message") or {}).get("content"))
    return text if isinstance(text, str) else None


def _parquet(rows: list[dict[str, Any]], schema: pa.Schema) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink, compression="zstd")
    return sink.getvalue()
