"""Request headers about a caller's turn: what they may say, and who hears it."""

import pytest

from orchestrator.api.wishes import MAX_WAIT_S, ORDER, PRIORITY
from orchestrator.engines.fake import FakeEngine
from tests.served import REGISTRY, Service, fault

CHAT = {"model": "math", "messages": [{"role": "user", "content": "hi"}]}
TEXTS = {"model": "vectors", "input": "hi"}
PATHS = [("/v1/chat/completions", CHAT), ("/v1/embeddings", TEXTS)]

BAD = [
    *(
        (MAX_WAIT_S, given, "a number of seconds above 0")
        for given in ["0", "-1", "nan", "inf", "soon"]
    ),
    (MAX_WAIT_S, "", "a number of seconds above 0"),
    *(
        (PRIORITY, given, "from -10 to 10")
        for given in ("", "11", "-11", "1.5", "high", "9" * 5000)
    ),
    *((ORDER, given, "from 0 to 1000000000") for given in ("", "-1", "2.0", "first", "1000000001")),
]


@pytest.mark.parametrize(("name", "given", "allowed"), BAD)
@pytest.mark.parametrize(("path", "body"), PATHS, ids=["chat", "embeddings"])
async def test_what_is_out_of_range_is_refused_by_the_headers_name(
    path, body, name, given, allowed
):
    async with Service().client() as client:
        reply = await client.post(path, headers={name: given}, json=body)

    assert reply.status_code == 400
    assert fault(reply)["param"] == name
    assert allowed in fault(reply)["message"]


@pytest.mark.parametrize(("path", "body"), PATHS, ids=["chat", "embeddings"])
async def test_the_engine_hears_what_the_caller_wishes(path, body):
    service = Service(engine=FakeEngine("yes"))
    wishes = {MAX_WAIT_S: "2.5", PRIORITY: "-3", ORDER: "17"}

    async with service.client() as client:
        await client.post(path, headers=wishes, json=body)

    call = service.engine.calls[0]
    assert (call.max_wait_s, call.priority, call.order) == (2.5, -3, 17)


@pytest.mark.parametrize(("path", "body"), PATHS, ids=["chat", "embeddings"])
async def test_a_silent_caller_waits_as_the_registry_says_and_has_no_order(path, body):
    service = Service(engine=FakeEngine("yes"))

    async with service.client() as client:
        await client.post(path, json=body)

    call = service.engine.calls[0]
    assert call.max_wait_s == REGISTRY.defaults.max_wait_s
    assert (call.priority, call.order) == (0, None)
