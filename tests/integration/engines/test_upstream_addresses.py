"""Where upstreams may be is judged when they are connected to, by what their names mean then."""

import pytest
from aiohttp import web

from orchestrator.engines.base import Call, Chat, Message, TextPart
from orchestrator.engines.collecting import collect
from orchestrator.engines.openai import OpenAIEngine
from orchestrator.errors import AddressRefusedError, EngineDeadError, EngineProtocolError
from orchestrator.guards.policy import policy_of
from orchestrator.guards.upstreams import check_address
from orchestrator.registry.engine_entry import OpenAIEngine as OpenAISpec
from orchestrator.registry.models import Expert
from tests.integration.engines.upstream import serving

pytestmark = pytest.mark.integration

CALL = Call(
    id="1",
    expert="up",
    generation=1,
    prompt=Chat(messages=(Message(role="user", content=(TextPart(text="hi"),)),)),
)


async def asked_at(url: str, policy) -> None:
    spec = OpenAISpec(kind="openai", base_url=url, model="m")
    engine = OpenAIEngine(Expert(id="up", engine=spec), policy=policy)
    try:
        await collect(engine.generate(CALL))
    finally:
        await engine.close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_an_upstream_where_nothing_may_go_is_never_connected_to(host):
    heard = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(request.path)
        return web.Response()

    async with serving(hear) as url:
        with pytest.raises(AddressRefusedError, match="this machine itself"):
            await asked_at(url.replace("127.0.0.1", host), policy_of({"public"}))

    assert heard == []


async def test_a_redirect_of_an_upstream_is_not_followed():
    heard = []

    async def elsewhere(request: web.Request) -> web.Response:
        heard.append(request.path)
        return web.Response(status=307, headers={"location": "/v1/stolen"})

    async with serving(elsewhere) as url:
        with pytest.raises(EngineProtocolError, match="answers 307"):
            await asked_at(url, policy_of({"loopback"}))

    assert heard == ["/v1/chat/completions"]


@pytest.mark.parametrize("url", ["http://localhost/v1", "http://[::1]/v1", "http://0x7f.1/v1"])
async def test_what_a_library_connects_to_is_looked_up_before(url):
    with pytest.raises(AddressRefusedError, match="expert 'up' is not asked"):
        await check_address("expert 'up'", url, policy_of({"public"}))


async def test_a_name_that_cannot_be_one_is_an_upstream_that_cannot_be_reached():
    with pytest.raises(EngineDeadError, match="cannot be reached"):
        await asked_at(f"http://{'a' * 70}.com/v1", policy_of({"public"}))


async def test_a_name_that_is_allowed_passes():
    await check_address("expert 'up'", "http://localhost/v1", policy_of({"public"}, "localhost"))
