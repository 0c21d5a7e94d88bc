import httpx
import pytest

from orchestrator.client import AsyncClient, Client, UnexpectedReplyError
from orchestrator.errors import ForbiddenError
from tests.unit.client.scripted import Scripted, refused

ASKED = "GET /admin/decisions"
BOTH = pytest.mark.parametrize("kind", [Client, AsyncClient])


@BOTH
async def test_a_refusal_is_the_services_own_error(kind):
    with pytest.raises(ForbiddenError, match="a sentence"):
        await Scripted(kind, {ASKED: [refused(403, "forbidden")]}).ask("decisions")


@BOTH
@pytest.mark.parametrize("body", ["{}", "[]", "no JSON"])
async def test_a_reply_that_is_no_list_of_decisions_says_so(kind, body):
    with pytest.raises(UnexpectedReplyError, match="reply not understood"):
        await Scripted(kind, {ASKED: [httpx.Response(200, text=body)]}).ask("decisions")


@BOTH
async def test_the_records_are_those_of_the_service_newest_first(kind):
    asked = Scripted(kind, {ASKED: [{"data": [{"request_id": "b"}, {"request_id": "a"}]}]})

    found = await asked.ask("decisions", limit=2)

    assert [one["request_id"] for one in found] == ["b", "a"]
    assert asked.seen[0].url.params["limit"] == "2"
