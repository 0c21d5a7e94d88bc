"""One line of a batch, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A valid line of an input file."""

    #: In its file, from 1, empty lines counted.
    number: int
    custom_id: str
    #: The endpoint, `/v1/chat/completions`.
    url: str
    #: JSON of the request's body.
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReply:
    """What the endpoint answered."""

    status_code: int
    request_id: str
    #: JSON: the answer, or the error's envelope.
    body: bytes
    #: What it cost, USD; `None` where nobody knows.
    cost_usd: float | None = None
    #: Of an error: whether another try makes sense, and when, seconds.
    is_retryable: bool = False
    retry_after_s: float | None = None

    @property
    def is_ok(self) -> bool:
        """Whether it is an answer."""
        return 200 <= self.status_code < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFault:
    """Why a line has no answer."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineResult:
    """The end of a line: an answer for the output file, or a fault for the error file."""

    #: Its place among the lines of its batch, from 0.
    place: int
    custom_id: str
    #: What the endpoint said last; `None` where it was never asked.
    reply: LineReply | None
    #: `None` of an answer.
    fault: LineFault | None = None
