"""`/v1/feedback`: what callers say of answers; `/admin/feedback`: what they have said."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.access.caller import Caller
from orchestrator.api.admin import require_admin
from orchestrator.api.body import read_body
from orchestrator.api.direct_route import DirectRoute
from orchestrator.api.exchange import exchange_of
from orchestrator.api.faults import parse
from orchestrator.api.from_here import is_loopback
from orchestrator.api.judging import FeedbackRequest, judgement, readable_record
from orchestrator.api.openapi import body_of, described
from orchestrator.api.preconditions import require_no_page
from orchestrator.api.replies import JsonReply
from orchestrator.api.wiring import Wiring
from orchestrator.errors import NotFoundError
from orchestrator.routing.hearing import weighing_ids
from orchestrator.store.judgements import Judgements, StoredJudgement
from orchestrator.store.records import DecisionRecord, Records

#: A judgement is a few names; longer bodies are none.
_MAX_BODY_BYTES = 16_384
#: A record that is not there may be on its way to the store: looked for once more after, seconds.
_ON_ITS_WAY_S = 0.25


class FeedbackReply(BaseModel):
    """A judgement as it was taken."""

    object: str = "feedback"
    id: str = Field(description="By which it can be taken back.")
    request_id: str
    expert: str
    router: str | None = Field(description="Whose choice it judges.")
    labels: list[str] = Field(description="Categories or skills it is counted for.")
    score: float
    is_counted: bool = Field(
        description="False where the caller named the expert, or the router was unsure."
    )


class FeedbackDeleted(BaseModel):
    """A judgement that was taken back."""

    object: str = "feedback.deleted"
    id: str
    deleted: bool = True


class FeedbackRow(StoredJudgement):
    """A judgement, and whether it weighs anything now."""

    weighs: bool


class FeedbackList(BaseModel):
    """Judgements, newest first."""

    num_kept: int
    data: list[FeedbackRow]


class FeedbackReverted(BaseModel):
    """What was taken back at once."""

    model_config = ConfigDict(frozen=True)

    giver: str
    num_deleted: int


def endpoints(wiring: Wiring) -> APIRouter:
    """The endpoints of feedback, where judgements are kept."""
    router = APIRouter()
    if wiring.judgements is not None:
        router.include_router(_giving(wiring, wiring.judgements))
        router.include_router(_taking_back(wiring.judgements))
        router.include_router(_operating(wiring, wiring.judgements))
    return router


def _giving(wiring: Wiring, judgements: Judgements) -> APIRouter:
    router = APIRouter(route_class=DirectRoute, tags=["feedback"])

    @router.post(
        "/v1/feedback",
        summary="Judge an answer",
        responses=described(FeedbackReply),
        openapi_extra=body_of(FeedbackRequest),
    )
    async def judge(request: Request) -> Response:
        """Say how good an answer was; routers of its kind go by it, within bounds.

        The same answer judged again: the last judgement counts.
        """
        body = await read_body(request, exchange_of(request), max_bytes=_MAX_BODY_BYTES)
        asked = parse(FeedbackRequest, body)
        caller = exchange_of(request).caller
        record = await _record(wiring.records, asked.request_id, caller)
        kept = judgement(asked, record, giver=_giver_of(request), now_s=time.time())
        await judgements.put(kept)
        return JsonReply(_reply(kept).model_dump_json().encode())

    return router


def _taking_back(judgements: Judgements) -> APIRouter:
    router = APIRouter(tags=["feedback"])

    @router.delete(
        "/v1/feedback/{feedback_id}", summary="Take a judgement back", responses=described()
    )
    async def take_back(feedback_id: str, request: Request) -> FeedbackDeleted:
        """As if it had never been given; of a service with keys each takes back its own."""
        is_own = await _may_take_back(judgements, feedback_id, request)
        if not is_own or not await judgements.remove(feedback_id):
            raise NotFoundError(
                f"no judgement {feedback_id[:128]!r}: it was taken back or never given, or it is "
                "no longer retained; GET /admin/feedback lists those that are kept"
            )
        return FeedbackDeleted(id=feedback_id)

    return router


def _operating(wiring: Wiring, judgements: Judgements) -> APIRouter:
    admitted = Depends(require_admin(wiring.settings))
    router = APIRouter(prefix="/admin/feedback", tags=["admin"], dependencies=[admitted])

    @router.get("", summary="What callers said", responses=described())
    async def said(limit: Annotated[int, Query(ge=1, le=20_000)] = 100) -> FeedbackList:
        """The newest judgements, newest first, each with whether it weighs anything."""
        every = await judgements.every()
        weighing = await asyncio.to_thread(weighing_ids, every, now_s=time.time())
        newest = sorted(every, key=lambda it: (it.at_s, it.id), reverse=True)[:limit]
        rows = [FeedbackRow(**one.model_dump(), weighs=one.id in weighing) for one in newest]
        return FeedbackList(num_kept=len(every), data=rows)

    @router.delete(
        "",
        summary="Take back all that one giver said",
        responses=described(),
        dependencies=[Depends(require_no_page)],
    )
    async def revert(
        giver: Annotated[str, Query(min_length=1, max_length=128)],
    ) -> FeedbackReverted:
        """As if this giver had never said anything."""
        own = [one.id for one in await judgements.every() if one.giver == giver]
        removed = [await judgements.remove(one) for one in own]
        return FeedbackReverted(giver=giver, num_deleted=sum(removed))

    return router


async def _may_take_back(judgements: Judgements, feedback_id: str, request: Request) -> bool:
    caller = exchange_of(request).caller
    if not caller.key_id or caller.is_admin:
        return True
    found = await judgements.find(feedback_id)
    return found is not None and found.giver == _giver_of(request)


def _giver_of(request: Request) -> str:
    """Who speaks: the key, or a digest of what is sent as one, else the address it is sent from.

    Of a proxy on this machine, such as our own, it is the address that it added last; what stands
    before that is the caller's to write.
    """
    key_id = exchange_of(request).caller.key_id
    if key_id:
        return f"key:{key_id}"
    key = request.headers.get("authorization")
    if key:
        return f"key:{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    peer = request.client.host if request.client else "unknown"
    forwarded = request.headers.getlist("x-forwarded-for")
    if forwarded and is_loopback(peer):
        peer = forwarded[-1].rpartition(",")[2].strip()[:64] or peer
    return f"address:{peer}"


async def _record(records: Records, request_id: str, caller: Caller) -> DecisionRecord:
    """The record of a request; with keys that of another key's is as if there were none."""
    found = await records.find(request_id)
    if found is None:
        await asyncio.sleep(_ON_ITS_WAY_S)
        found = await records.find(request_id)
    record = readable_record(found, request_id)
    if caller.key_id and not caller.is_admin and record.key_id != caller.key_id:
        return readable_record(None, request_id)
    return record


def _reply(kept: StoredJudgement) -> FeedbackReply:
    return FeedbackReply(
        id=kept.id,
        request_id=kept.request_id,
        expert=kept.expert,
        router=kept.router,
        labels=list(kept.labels),
        score=kept.score,
        is_counted=bool(kept.labels),
    )
