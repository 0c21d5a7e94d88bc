"""Traces as files: JSON lines, one request a line, in order of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.errors import SetupError
from orchestrator.simulation.trace import Request, Trace
from orchestrator.store.records import DecisionRecord


class _Line(BaseModel):
    """One request; those that `after` names are counted from 0, as lines of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    expert: str = Field(min_length=1)
    arrives_s: float = Field(ge=0)
    prompt_tokens: int = Field(ge=1)
    output_tokens: int = Field(ge=1)
    after: tuple[int, ...] = ()
    max_wait_s: float | None = Field(default=None, gt=0)


def read_trace(path: Path) -> Trace:
    """The trace in a file; its name is the file's.

    Raises:
        SetupError: the file cannot be read, or says in which line what is wrong.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise SetupError(f"trace {str(path)!r} cannot be read: {exc}") from exc
    requests = [_parsed(path, place, line) for place, line in enumerate(lines) if line.strip()]
    return Trace(name=path.stem, requests=requests)


def write_trace(trace: Trace, path: Path) -> None:
    """Write a trace so that `read_trace` finds the same requests.

    Raises:
        SetupError: the file cannot be written.
    """
    text = "".join(f"{_line(request).model_dump_json()}\n" for request in trace.requests)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise SetupError(f"trace {str(path)!r} cannot be written: {exc.strerror}") from exc


def recorded(name: str, records: Sequence[DecisionRecord]) -> Trace:
    """The requests that an expert answered, timed from the first of them.

    Raises:
        SetupError: no record is of an answer.
    """
    answered = [it for it in records if it.expert is not None and it.completion_tokens > 0]
    if not answered:
        raise SetupError(
            f"none of {len(records)} decision records is of an answer by an expert; make some "
            "requests first"
        )
    answered.sort(key=lambda record: record.created_s)
    start_s = answered[0].created_s
    requests = [_request(place, it, start_s) for place, it in enumerate(answered)]
    return Trace(name=name, requests=requests)


def _request(place: int, record: DecisionRecord, start_s: float) -> Request:
    assert record.expert is not None
    return Request(
        id=place,
        expert=record.expert,
        arrives_s=record.created_s - start_s,
        # An engine that counts no prompt, such as an upstream's, still read one.
        prompt_tokens=record.prompt_tokens or 1,
        output_tokens=record.completion_tokens,
    )


def _line(request: Request) -> _Line:
    return _Line(
        expert=request.expert,
        arrives_s=request.arrives_s,
        prompt_tokens=request.prompt_tokens,
        output_tokens=request.output_tokens,
        after=request.after,
        max_wait_s=request.max_wait_s,
    )


def _parsed(path: Path, place: int, text: str) -> Request:
    try:
        line = _Line.model_validate_json(text)
    except ValidationError as exc:
        fault = exc.errors()[0]
        key = ".".join(map(str, fault["loc"])) or "the line"
        raise SetupError(
            f"trace {str(path)!r}, line {place + 1}: {key}: {fault['msg']}; a line has "
            f"{list(_Line.model_fields)}"
        ) from exc
    return Request(
        id=place,
        expert=line.expert,
        arrives_s=line.arrives_s,
        prompt_tokens=line.prompt_tokens,
        output_tokens=line.output_tokens,
        after=line.after,
        max_wait_s=line.max_wait_s,
    )
