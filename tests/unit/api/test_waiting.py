"""`x-orchestrator-max-wait-s`: what a caller may say, and who hears it."""

import pytest

from orchestrator.api.waiting import MAX_WAIT_S
from orchestrator.engines.fake import FakeEngine
from tests.served import REGISTRY, Service, fault

CHAT = {"model": "math", "messages": [{"role": "user", "content": "hi"}]}
TEXTS = {"model": "vectors", "input": "hi"}


@pytest.mark.parametrize("given", ["", "soon", "0", "-1", "nan", "inf"])
@pytest.mark.parametrize(
    ("path", "body"), [("/v1/chat/completions", CHAT), ("/v1/embeddings", TEXTS)]
)
async def test_what_is_no_number_of_seconds_is_refused_by_the_headers_name(path, body, given):
    async with Service().client() as client:
        reply = await client.post(path, headers={MAX_WAIT_S: given}, json=body)

    assert reply.status_code == 400
    assert fault(reply)["param"] == MAX_WAIT_S
    assert "must be a number of seconds above 0" in fault(reply)["message"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({MAX_WAIT_S: "2.5"}, 2.5), ({}, REGISTRY.defaults.max_wait_s)],
    ids=["the caller's", "the registry's"],
)
async def test_the_engine_hears_how_long_the_call_may_wait(headers, seconds):
    service = Service(engine=FakeEngine("yes"))

    async with service.client() as client:
        await client.post("/v1/chat/completions", headers=headers, json=CHAT)

    assert service.engine.calls[0].max_wait_s == seconds
