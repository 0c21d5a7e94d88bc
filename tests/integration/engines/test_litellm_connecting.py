"""LiteLLM's session connects to what was judged, whatever a name means a moment later."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat

import httpx
import pytest
from aiohttp import web

from orchestrator.engines.base import Call, Chat, Message, Text, TextPart
from orchestrator.engines.collecting import collect
from orchestrator.engines.litellm import LitellmEngine
from orchestrator.engines.litellm_connecting import judged_by, judging_session
from orchestrator.errors import AddressRefusedError
from orchestrator.guards.connecting import RefusedAddressError
from orchestrator.guards.policy import AddressPolicy, policy_of
from orchestrator.registry.models import Expert
from tests.integration.engines.upstream import serving
from tests.unit.guards.test_connecting import Names

pytestmark = pytest.mark.integration


async def answering(_):
    return web.json_response({"choices": [{"text": "hi", "index": 0, "finish_reason": "stop"}]})


def session(*answers: tuple[str, ...]) -> httpx.AsyncClient:
    return judging_session(httpx.Limits(), Names(*answers))


async def test_what_is_connected_to_is_what_the_name_was_judged_as():
    async with serving(answering) as url, session(("127.0.0.1",)) as client:
        with judged_by(policy_of({"loopback"})):
            response = await client.post(url.replace("127.0.0.1", "upstream.test"))

    assert response.status_code == 200


async def test_a_name_that_means_another_host_when_it_is_connected_to_is_refused():
    async with session(("169.254.169.254",)) as client:
        with judged_by(policy_of({"public"})), pytest.raises(RefusedAddressError, match="metadata"):
            await client.post("http://upstream.test/v1")


async def test_a_second_address_is_tried_where_the_first_does_not_answer():
    async with serving(answering) as url, session(("127.0.0.9", "127.0.0.1")) as client:
        with judged_by(policy_of({"loopback"})):
            response = await client.post(url.replace("127.0.0.1", "upstream.test"))

    assert response.status_code == 200


async def test_a_name_that_is_not_found_cannot_be_connected_to():
    async with judging_session(httpx.Limits()) as client:
        with judged_by(policy_of({"public"})), pytest.raises(httpx.ConnectError):
            await client.post("http://nowhere.invalid/v1")


async def test_nothing_is_judged_of_a_provider_at_its_own_address():
    async with serving(answering) as url, judging_session(httpx.Limits()) as client:
        assert (await client.post(url)).status_code == 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Turning(AddressPolicy):
    """What a name means changes: its faults, look by look."""

    faults: Iterator[str | None]

    def fault(self, host, address):
        return next(self.faults)


#: What is judged of the name before a call.
NAMED = socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)


@pytest.mark.parametrize(
    "prompt",
    [Text(text="hi"), Chat(messages=(Message(role="user", content=(TextPart(text="hi"),)),))],
    ids=["text", "chat"],
)
async def test_an_expert_whose_name_changes_between_two_looks_is_not_asked(prompt):
    async with serving(answering) as url:
        spec = {"kind": "litellm", "base_url": url.replace("127.0.0.1", "localhost")}
        expert = Expert(id="hosted", engine={**spec, "model": "openai/m"})
        seen = chain([None] * len(NAMED), repeat("host 'localhost' is elsewhere by now"))
        subject = LitellmEngine(
            expert, api_key="sk", policy=Turning(kinds=frozenset(), faults=seen)
        )
        call = Call(id="c", expert="hosted", generation=1, prompt=prompt)
        try:
            with pytest.raises(AddressRefusedError, match="elsewhere by now"):
                await collect(subject.generate(call))
        finally:
            await subject.close()
