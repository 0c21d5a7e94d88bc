"""What a caller's feedback says: of which answer, by whom, and of which choice of which router."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.errors import InvalidRequestError, NotFoundError
from orchestrator.store.judgements import StoredJudgement
from orchestrator.store.records import DecisionRecord, StoredRecord

#: Answers that nobody generated: there is nothing to judge.
_UNJUDGED = frozenset({"/v1/route", "/v1/embeddings"})


class FeedbackRequest(BaseModel):
    """Body of `POST /v1/feedback`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request_id: str = Field(
        min_length=1,
        max_length=128,
        description="`x-orchestrator-request-id` of the answer.",
    )
    score: float = Field(ge=0, le=1, description="0 for wrong or useless to 1 for right.")
    expert: str | None = Field(
        None, max_length=256, description="Whose answer, where several answered."
    )


def judgement(
    asked: FeedbackRequest, record: DecisionRecord, *, giver: str, now_s: float
) -> StoredJudgement:
    """What `asked` says of the choice that `record` tells.

    An unsure router chose by no category or skill, and who named an expert chose it: such a
    judgement is kept without labels and weighs nothing.

    Raises:
        InvalidRequestError: nothing was answered, or another expert than `asked` names answered.
    """
    if record.expert is None or record.status >= 400 or record.endpoint in _UNJUDGED:
        raise InvalidRequestError(
            f"no expert wrote an answer to request {asked.request_id!r} (status {record.status} "
            f"at {record.endpoint!r}): there is nothing to judge",
            param="request_id",
        )
    if asked.expert not in (None, record.expert):
        raise InvalidRequestError(
            f"expert {asked.expert!r} did not answer request {asked.request_id!r}; "
            f"{record.expert!r} did",
            param="expert",
        )
    return StoredJudgement(
        id=judgement_id(asked.request_id, record.expert),
        request_id=asked.request_id,
        giver=giver,
        expert=record.expert,
        # The innermost of the way: it is whose figures the judgement is for.
        router=(record.chosen_by or record.router or "").rpartition("/")[2] or None,
        router_version=record.router_version,
        labels=_labels(record),
        score=asked.score,
        at_s=now_s,
    )


def judgement_id(request_id: str, expert: str) -> str:
    """The same for every judgement of one answer, so that none is counted twice."""
    digest = hashlib.sha256(f"{request_id}\0{expert}".encode()).hexdigest()
    return f"fb-{digest[:24]}"


def readable_record(found: StoredRecord | None, request_id: str) -> DecisionRecord:
    """The record of a request.

    Raises:
        NotFoundError: there is none, or this version cannot read it.
    """
    if isinstance(found, DecisionRecord):
        return found
    why = "none was made, or it is no longer retained" if found is None else found.reason
    raise NotFoundError(
        f"no decision record of request {request_id!r}: {why}; give the "
        "'x-orchestrator-request-id' of an answer",
        param="request_id",
    )


def _labels(record: DecisionRecord) -> tuple[str, ...]:
    if record.router is None or record.is_fallback:
        return ()
    if record.skills:
        return tuple(record.skills)
    return () if record.category is None else (record.category,)
