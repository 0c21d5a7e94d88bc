"""One line of an input file as a request, or why it is none."""

from __future__ import annotations

from typing import Any, Literal

import orjson

from orchestrator.batch.batch import BatchFault
from orchestrator.batch.endpoint import ENDPOINTS
from orchestrator.batch.input_lines import RawLine
from orchestrator.batch.line import Line

#: Of a line.
_KEYS = ("custom_id", "method", "url", "body")
#: Letters of a `custom_id`.
MAX_ID_CHARS = 512
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "a truth value",
    type(None): "null",
}

Code = Literal[
    "invalid_json_line",
    "missing_required_parameter",
    "unknown_parameter",
    "invalid_custom_id",
    "invalid_method",
    "invalid_url",
    "invalid_body",
]


class _FaultyError(Exception):
    """A line is none; caught here."""

    def __init__(self, code: Code, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


def parse_line(raw: RawLine, *, endpoint: str | None = None) -> Line | BatchFault:
    """The request of a line; whether its body can be answered is the endpoint's to say.

    Args:
        raw: the line.
        endpoint: what the batch is for; `None` for any that batches know.
    """
    try:
        fields = _fields(_document(raw.data))
        return Line(
            number=raw.number,
            custom_id=_custom_id(fields["custom_id"]),
            url=_url(fields, endpoint),
            body=_body(fields["body"]),
        )
    except _FaultyError as fault:
        return BatchFault(
            code=fault.code, message=fault.message, line=raw.number, param=fault.param
        )


def _document(data: bytes) -> Any:
    if (place := data.find(0)) >= 0:
        raise _FaultyError("invalid_json_line", f"the line has a zero byte at byte {place + 1}")
    try:
        data.decode()
    except UnicodeDecodeError as exc:
        raise _FaultyError(
            "invalid_json_line", f"the line is not UTF-8 from byte {exc.start + 1} on"
        ) from exc
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as exc:
        raise _FaultyError(
            "invalid_json_line", f"the line is not valid JSON: {exc.msg} at column {exc.colno}"
        ) from exc


def _fields(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise _FaultyError(
            "invalid_json_line",
            f"the line is {_kind(document)}; each line is an object with {_listed(_KEYS)}",
        )
    missing = [key for key in _KEYS if key not in document]
    unknown = [key for key in document if key not in _KEYS]
    if missing:
        also = f", and has {unknown[0][:64]!r}" if unknown else ""
        raise _FaultyError(
            "missing_required_parameter",
            f"the line has no {missing[0]!r}{also}; it needs {_listed(_KEYS)}",
            missing[0],
        )
    if unknown:
        raise _FaultyError(
            "unknown_parameter",
            f"the line has {unknown[0][:64]!r}; allowed are {_listed(_KEYS)}",
            unknown[0][:64],
        )
    return document


def _custom_id(given: Any) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= MAX_ID_CHARS:
        found = f"has {len(given)} letters" if isinstance(given, str) else f"is {_kind(given)}"
        raise _FaultyError(
            "invalid_custom_id",
            f"'custom_id' {found}; it must be a text of 1 to {MAX_ID_CHARS}",
            "custom_id",
        )
    return given


def _url(fields: dict[str, Any], endpoint: str | None) -> str:
    if fields["method"] != "POST":
        raise _FaultyError(
            "invalid_method", f"'method' is {_shown(fields['method'])}; it must be 'POST'", "method"
        )
    url = fields["url"]
    if url not in ENDPOINTS:
        raise _FaultyError(
            "invalid_url", f"'url' is {_shown(url)}; allowed are {_listed(ENDPOINTS)}", "url"
        )
    if endpoint is not None and url != endpoint:
        raise _FaultyError("invalid_url", f"'url' is {url!r}; the batch is for {endpoint!r}", "url")
    return str(url)


def _body(given: Any) -> bytes:
    if not isinstance(given, dict):
        raise _FaultyError(
            "invalid_body", f"'body' is {_kind(given)}; it must be an object: the request", "body"
        )
    try:
        return orjson.dumps(given)
    except orjson.JSONEncodeError as exc:
        # It reads four times as deep as it writes, and bounds both.
        raise _FaultyError(
            "invalid_body", "'body' has too many lists and objects inside one another", "body"
        ) from exc


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a number")


def _shown(value: Any) -> str:
    return repr(value[:64]) if isinstance(value, str) else _kind(value)


def _listed(names: tuple[str, ...]) -> str:
    *most, last = map(repr, names)
    return f"{', '.join(most)} and {last}"
