from pathlib import Path

from orchestrator.api.headers import TABLE
from orchestrator.api.limits import ALL
from orchestrator.api.parameters import IGNORED, REFUSED
from orchestrator.api.wishes import MAX_PRIORITY, MAX_WAIT_S, ORDER, PRIORITY
from orchestrator.compositions.digest import FOLLOW_UP_CHARS, MAX_CHARS, SHORT_CHARS
from tests.served import Service

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


def test_every_header_is_documented():
    assert [name for name in TABLE if f"`{name.decode()}`" not in PAGE] == []


def test_every_header_that_callers_may_send_is_documented():
    assert [name for name in (MAX_WAIT_S, PRIORITY, ORDER, *ALL) if f"`{name}`" not in PAGE] == []
    assert f"{-MAX_PRIORITY} to {MAX_PRIORITY}" in PAGE


def test_every_parameter_that_is_not_served_is_documented():
    assert [name for name in [*IGNORED, *REFUSED] if f"`{name}`" not in PAGE] == []


async def test_every_route_is_documented():
    document = (await Service().get("/openapi.json")).json()

    assert [path for path in document["paths"] if path not in PAGE] == []


def test_the_bounds_of_routing_are_documented():
    assert f"{FOLLOW_UP_CHARS} characters" in PAGE
    assert f"{SHORT_CHARS} characters" in PAGE
    assert f"{MAX_CHARS:,} characters" in PAGE


async def test_every_header_sent_is_in_the_table():
    answer = await Service().chat(store=True)

    ours = {name for name in answer.headers if name.startswith("x-")}
    assert ours <= {name.decode() for name in TABLE}
