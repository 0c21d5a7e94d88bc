"""What the endpoint tells in headers and takes as headers, clients read and send."""

import httpx
import pytest

from orchestrator.client import AsyncClient, Client
from orchestrator.client.calls import WISHES
from orchestrator.client.replies import HEADERS
from tests.page_blocks import ROOT
from tests.unit.client.scripted import Scripted
from tests.unit.client.test_clients import ANSWER

#: Said by another header, too.
TWICE = {"cache-control", "x-request-id"}
BOTH = pytest.mark.parametrize("kind", [Client, AsyncClient])


def named_below(heading: str) -> set[str]:
    """Headers that a table of docs/api.md has; those of rate limits belong to a key, not a call."""
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    table = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    return {
        name.strip("` ") for cell in cells for name in cell.split(",") if "ratelimit" not in name
    }


def test_every_header_of_a_response_is_part_of_the_origin():
    told = named_below("Headers of every response")

    assert len(told) > 15
    assert told - TWICE <= set(HEADERS)


def test_every_header_of_a_request_can_be_sent():
    taken = named_below("Headers of a request")

    assert len(taken) > 15
    assert taken - TWICE <= set(WISHES.values())


@BOTH
async def test_what_was_kept_left_aside_and_charged_is_told_with_the_answer(kind):
    told = {
        "x-orchestrator-replayed": "true", "x-orchestrator-cache": "hit; kind=exact; age_s=12",
        "x-orchestrator-ignored": "user", "x-orchestrator-cost-usd": "0.0025",
    }  # fmt: skip
    answer = httpx.Response(200, json=ANSWER, headers=told)

    found = await Scripted(kind, {"POST /v1/chat/completions": [answer]}).ask("chat", "2 + 2?")

    assert (found.origin.is_replayed, found.origin.cost_usd) == (True, 0.0025)
    assert (found.origin.cache, found.origin.ignored) == ("hit; kind=exact; age_s=12", "user")


@BOTH
async def test_wishes_about_one_request_travel_as_headers_alone(kind):
    asked = Scripted(kind, {"POST /v1/chat/completions": [ANSWER]})

    await asked.ask("chat", "2 + 2?", cache="off", log="off", request_id="r7", traceparent="00-1")

    sent = asked.seen[0].headers
    assert (sent["x-orchestrator-cache"], sent["x-orchestrator-log"]) == ("off", "off")
    assert (sent["x-request-id"], sent["traceparent"]) == ("r7", "00-1")
    assert b"cache" not in asked.seen[0].content
