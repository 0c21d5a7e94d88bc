import httpx
import pytest

from orchestrator.client.decisions import recent_decisions
from orchestrator.client.failures import UnexpectedReplyError
from orchestrator.errors import ForbiddenError


def answering(response: httpx.Response, seen: list[httpx.Request] | None = None):
    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return response

    return httpx.MockTransport(answer)


def test_a_refusal_is_the_services_own_error():
    error = {"message": "operators only", "code": "forbidden"}
    transport = answering(httpx.Response(403, json={"error": error}))

    with pytest.raises(ForbiddenError, match="operators only"):
        recent_decisions(transport=transport)


@pytest.mark.parametrize("body", ["{}", "[]", "no JSON"])
def test_a_reply_that_is_no_list_of_decisions_says_so(body):
    with pytest.raises(UnexpectedReplyError, match="does not tell its decisions"):
        recent_decisions(transport=answering(httpx.Response(200, text=body)))


def test_the_records_are_those_of_the_service_newest_first():
    seen: list[httpx.Request] = []
    body = {"data": [{"request_id": "b"}, {"request_id": "a"}]}

    found = recent_decisions(transport=answering(httpx.Response(200, json=body), seen), limit=2)

    assert [one["request_id"] for one in found] == ["b", "a"]
    assert (seen[0].url.path, seen[0].url.params["limit"]) == ("/admin/decisions", "2")
