"""What is said of answers: requests built once for both clients, the answers, and what was said."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from orchestrator.client.calls import Outgoing
from orchestrator.client.wire_form import Wire


class Feedback(Wire):
    """A judgement as the service took it."""

    #: By which it can be taken back.
    id: str
    request_id: str
    expert: str
    #: Whose choice it judges; `None` where the caller named the expert.
    router: str | None = None
    #: Categories or skills it is counted for.
    labels: tuple[str, ...] = ()
    score: float
    is_counted: bool = False


class TakenBack(Wire):
    """A judgement that was taken back."""

    id: str
    deleted: bool = True


class Said(Feedback):
    """A judgement that the service keeps."""

    giver: str
    #: Unix time, seconds.
    at_s: float
    weighs: bool = False


class SaidList(Wire):
    """Judgements, newest first."""

    num_kept: int
    data: tuple[Said, ...]


class Reverted(Wire):
    """What was taken back of one giver."""

    giver: str
    num_deleted: int


def feedback_call(request_id: str, *, score: float, expert: str | None) -> Outgoing:
    """Judge an answer."""
    body: dict[str, Any] = {"request_id": request_id, "score": score}
    if expert is not None:
        body["expert"] = expert
    return Outgoing(method="POST", path="/v1/feedback", body=body, repeats="wanted")


def take_back_call(feedback_id: str) -> Outgoing:
    """Take a judgement back."""
    return Outgoing(method="DELETE", path=f"/v1/feedback/{quote(feedback_id, safe='')}")


def said_call(*, limit: int) -> Outgoing:
    """Ask what was said."""
    return Outgoing(method="GET", path="/admin/feedback", params={"limit": limit}, repeats="wanted")


def revert_call(giver: str) -> Outgoing:
    """Take back all that one giver said."""
    return Outgoing(method="DELETE", path="/admin/feedback", params={"giver": giver})
