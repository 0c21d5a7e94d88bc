"""What compositions of several calls tell of their stages, as frozen values."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from orchestrator.client.wire_form import Wire


class Stage(Wire):
    """How far a stage of a streamed chat is; no part of its answer."""

    stage: str
    #: Names of the stages that it is a part of, outermost first, its own last.
    path: tuple[str, ...]
    state: Literal["started", "running", "done"]
    #: Calls that have ended of those that were made.
    num_done: int
    num_calls: int
    #: Whom they ask, each once.
    models: tuple[str, ...] = ()
    #: Until all of them are expected to have ended, told at the start; `None`: nobody can say.
    expected_s: float | None = None
    #: Since the stage began, seconds.
    took_s: float


class Share(Wire):
    """What calls read, wrote and cost."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    #: USD; `None` where nobody knows.
    cost_usd: float | None = None


class CallDetails(Share):
    """One call of a stage."""

    #: Whom it asked: an expert, or a composition.
    expert: str
    #: Of a composition: the expert whose answer it told.
    answered_by: str | None = None
    #: `done`, the code of its error, or `cancelled`, where nobody waited for it any longer.
    ending: str
    num_answers: int = 0
    #: Candidates that it was not told for want of room.
    num_dropped: int = 0
    took_ms: float
    #: Of a composition that works in stages.
    stages: tuple[StageDetails, ...] = ()


class StageDetails(Wire):
    """One stage that has ended."""

    name: str
    took_ms: float
    calls: tuple[CallDetails, ...]


class ExpertShare(Share):
    """What one expert did in all stages together."""

    calls: int


class Details(Wire):
    """What came of each stage and call of an answer; told to who asks with `details=True`."""

    #: Who wrote the answer; `None` where a known one was told.
    expert: str | None = None
    #: Whom the router would have, best first.
    chosen: tuple[str, ...] = ()
    #: Why, one sentence each, for people: the router's, and where a stage was left out.
    reasons: tuple[str, ...] = ()
    #: Experts that could not answer -> code of their error.
    failed: dict[str, str] = Field(default_factory=dict)
    #: Caps for which something was left out: the answer is the best within them.
    reached: tuple[str, ...] = ()
    stages: tuple[StageDetails, ...] = ()
    #: Expert id -> its share, at whatever depth it was asked.
    by_expert: dict[str, ExpertShare] = Field(default_factory=dict)
