"""What an operator can set about answers that are told again."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class CacheSettings(BaseModel):
    """Settings of the caches of answers, the same on every replica."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["off", "deterministic", "all"] = Field(
        "off",
        description=(
            "Which answers are told again: none, those whose request asks for the same words each "
            "time (temperature 0 or a seed) or says so, or all."
        ),
    )
    is_shared: bool = Field(
        False,
        description="Whether callers with the same terms share answers; else each has its own.",
    )
    keep_s: float = Field(3600.0, gt=0, description="How long an answer is kept, seconds.")
    max_answer_bytes: int = Field(256 * 1024, ge=1024, description="Longest answer that is kept.")
    max_bytes: int = Field(256 * 1024 * 1024, ge=1, description="Most that all answers take.")
    likeness: float | None = Field(
        None,
        gt=0,
        le=1,
        description=(
            "Cosine from which the answer to a question that is much like another one is told for "
            "it; without, only repeats are."
        ),
    )
    embedding: str | None = Field(
        None, description="Folder of a fitted router whose static embedding compares questions."
    )
