"""How much one request may ask for, whatever its model and its key allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.api.requests import CallerRequest, ChatRequest, GenerationRequest
from orchestrator.api.response_request import ResponseRequest
from orchestrator.errors import InvalidRequestError

_TOKENS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


class Bounds(BaseModel):
    """The most that a request may hold and ask for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_choices: int = Field(128, ge=1, description="Most answers of one request, `n`.")
    max_output_tokens: int | None = Field(
        None, ge=1, description="Longest answer that a request may ask for; no bound by default."
    )
    max_turns: int = Field(4096, ge=1, description="Most messages or items of one request.")
    max_parts: int = Field(8192, ge=1, description="Most texts and images in all of them.")
    max_biases: int = Field(1024, ge=0, description="Most tokens of `logit_bias`.")


def check_bounds(asked: CallerRequest, bounds: Bounds) -> None:
    """Refuse what is more than allowed.

    Raises:
        InvalidRequestError: names the field, what it is and what is allowed.
    """
    for name, found, most in _counts(asked, bounds):
        if found is not None and most is not None and found > most:
            raise InvalidRequestError(
                f"{name!r} is {found}; this service allows {most} at most", param=name
            )
    for name, num_items, most in _lengths(asked, bounds):
        if num_items > most:
            raise InvalidRequestError(
                f"{name!r} has {num_items} entries; this service allows {most} at most", param=name
            )


def _counts(asked: CallerRequest, bounds: Bounds) -> Iterator[tuple[str, int | None, int | None]]:
    for name in _TOKENS:
        yield name, getattr(asked, name, None), bounds.max_output_tokens
    if isinstance(asked, GenerationRequest):
        yield "n", asked.n, bounds.max_choices


def _lengths(asked: CallerRequest, bounds: Bounds) -> Iterator[tuple[str, int, int]]:
    if isinstance(asked, GenerationRequest) and asked.logit_bias:
        yield "logit_bias", len(asked.logit_bias), bounds.max_biases
    if isinstance(asked, ChatRequest):
        yield "messages", len(asked.messages), bounds.max_turns
        contents = [turn.content for turn in asked.messages]
        yield "messages[].content", _num_parts(contents), bounds.max_parts
    elif isinstance(asked, ResponseRequest) and isinstance(asked.input, list):
        yield "input", len(asked.input), bounds.max_turns
        contents = [getattr(item, "content", None) for item in asked.input]
        yield "input[].content", _num_parts(contents), bounds.max_parts


def _num_parts(contents: Sequence[object]) -> int:
    return sum(len(one) if isinstance(one, list) else one is not None for one in contents)
