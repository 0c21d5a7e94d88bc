"""What one request of a soak ended in, judged by what its answer has to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

#: `answered` and `refused` (a typed error, also at the end of a stream) are how a request may end.
Kind = Literal["answered", "refused", "untyped", "foreign", "short", "broken", "hung"]
_DONE = b"[DONE]"
_ERROR_KEYS = {"message", "type", "param", "code"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a request ended."""

    kind: Kind
    #: The code of a typed error, or what was seen in its place.
    code: str = ""
    #: What a typed error says.
    message: str = ""
    #: When its caller is to come back.
    retry_after_s: float | None = None


ANSWERED = Outcome(kind="answered")
HUNG = Outcome(kind="hung")


def of_whole(status: int, body: bytes, *, expected: str) -> Outcome:
    """Of an answer that came whole."""
    try:
        told = orjson.loads(body)
    except ValueError:
        return Outcome(kind="untyped", code=f"{status}: {body[:60]!r}")
    if status != 200:
        return _typed(told) or Outcome(kind="untyped", code=f"{status}: {body[:60]!r}")
    return _said(told["choices"][0]["message"]["content"] or "", expected=expected, is_whole=True)


def of_stream(events: Sequence[bytes], *, expected: str) -> Outcome:
    """Of the data of a stream's events, in order, once it has ended.

    Words that came before an error must be the answer's, too.
    """
    is_whole = bool(events) and events[-1] == _DONE
    try:
        told = [orjson.loads(one) for one in events if one != _DONE]
    except ValueError:
        return Outcome(kind="untyped", code="an event is no JSON")
    failure = None if is_whole or not told else _typed(told[-1])
    said = _said("".join(map(_words, told)), expected=expected, is_whole=is_whole)
    if said.kind == "foreign" or is_whole:
        return said
    return failure or Outcome(kind="broken", code="the stream ends without [DONE] or an error")


def _words(event: dict[str, Any]) -> str:
    choices = event.get("choices") or []
    return "".join(choice.get("delta", {}).get("content") or "" for choice in choices)


def _said(text: str, *, expected: str, is_whole: bool) -> Outcome:
    if text == expected:
        return ANSWERED
    if not expected.startswith(text):
        return Outcome(kind="foreign", code=text[:120])
    return Outcome(kind="short" if is_whole else "answered", code=f"{len(text)} letters")


def _typed(told: Any) -> Outcome | None:
    error = told.get("error") if isinstance(told, dict) else None
    if not isinstance(error, dict) or not error.keys() >= _ERROR_KEYS or not error["code"]:
        return None
    return Outcome(kind="refused", code=str(error["code"]), message=str(error["message"]))
