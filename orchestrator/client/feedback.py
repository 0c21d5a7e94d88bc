"""What is said of answers: requests built once for both clients, the answers, and what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from orchestrator.client.calls import Outgoing
from orchestrator.client.failures import failure, translated
from orchestrator.client.replies import read
from orchestrator.client.settings import DEFAULT_URL, Settings
from orchestrator.client.wire_form import Wire

if TYPE_CHECKING:
    import httpx


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
    return Outgoing(method="POST", path="/v1/feedback", body=body)


def take_back_call(feedback_id: str) -> Outgoing:
    """Take a judgement back."""
    return Outgoing(method="DELETE", path=f"/v1/feedback/{quote(feedback_id, safe='')}")


class FeedbackAdmin:
    """Asks a service on this machine for what was said, and takes it back.

    Args:
        base_url: root of the service, without `/v1`.
        api_key: an admin key, where the service asks for one.
        timeout_s: longest silence of the service, seconds.
        transport: how requests travel; the network by default.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._settings = Settings(base_url=base_url, api_key=api_key, timeout_s=timeout_s)
        self._base_url = base_url
        self._transport = transport

    def said(self, *, limit: int = 100) -> SaidList:
        """The newest judgements, newest first.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.
        """
        return read(SaidList, self._asked("GET", "/admin/feedback", limit=limit))

    def take_back(self, feedback_id: str) -> TakenBack:
        """Take one judgement back; raises as `said`."""
        call = take_back_call(feedback_id)
        return read(TakenBack, self._asked(call.method, call.path))

    def revert(self, giver: str) -> Reverted:
        """Take back all that one giver said; raises as `said`."""
        return read(Reverted, self._asked("DELETE", "/admin/feedback", giver=giver))

    def _asked(self, method: str, path: str, **params: str | int) -> bytes:
        import httpx  # here, since it takes longer to import than all of the SDK

        settings = self._settings.for_httpx()
        with (
            translated(self._base_url),
            httpx.Client(transport=self._transport, **settings) as http,
        ):
            response = http.request(method, path, params=params)
        if not response.is_success:
            raise failure(response.content, status=response.status_code, headers=response.headers)
        return response.content
