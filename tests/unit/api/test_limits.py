"""Request headers about who may answer and what it may cost."""

import pytest

from orchestrator.api.limits import (
    ALL,
    EXCLUDE,
    INCLUDE,
    MAX_ENERGY_J,
    MAX_LATENCY_S,
    MAX_PRICE_USD,
    MAX_SELECTORS,
)
from orchestrator.compositions.programs import Programs
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError
from tests.served import REGISTRY, PreferenceRouter, Service, fault

CHAT = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
PATHS = {
    "chat": ("/v1/chat/completions", CHAT),
    "completion": ("/v1/completions", {"model": "auto", "prompt": "hi"}),
    "response": ("/v1/responses", {"model": "auto", "input": "hi"}),
    "route": ("/v1/route", CHAT),
    "embeddings": ("/v1/embeddings", {"model": "vectors", "input": "hi"}),
}
BAD = [
    *((EXCLUDE, given) for given in ("", "math", "tag:", "colour:red", "tag:a,,tag:b")),
    (INCLUDE, ", ".join(f"tag:{number}" for number in range(MAX_SELECTORS + 1))),
    *((MAX_PRICE_USD, given) for given in ("", "0", "-1", "nan", "inf", "cheap")),
    (MAX_LATENCY_S, "0"),
    (MAX_ENERGY_J, "1e999"),
]


async def post(path, body, headers, service=None):
    async with (service or Service()).client() as client:
        return await client.post(path, headers=headers, json=body)


@pytest.mark.parametrize(("name", "given"), BAD)
@pytest.mark.parametrize(("path", "body"), PATHS.values(), ids=PATHS)
async def test_what_is_malformed_is_refused_by_the_headers_name(path, body, name, given):
    reply = await post(path, body, {name: given})

    assert reply.status_code == 400
    assert fault(reply)["param"] == name


@pytest.mark.parametrize(("path", "body"), PATHS.values(), ids=PATHS)
async def test_an_opt_out_binds_every_endpoint(path, body):
    everybody = ",".join(f"expert:{expert.id}" for expert in REGISTRY.experts)

    reply = await post(path, body, {EXCLUDE: everybody})

    assert (reply.status_code, fault(reply)["code"]) == (400, "limits_unmet")


@pytest.mark.parametrize(("path", "body"), list(PATHS.values())[:4], ids=list(PATHS)[:4])
async def test_another_expert_answers_for_who_is_excluded(path, body):
    reply = await post(path, body, {EXCLUDE: "owner:us"})

    assert reply.headers["x-orchestrator-expert"] == "painter"


async def test_a_header_that_comes_twice_counts_twice():
    async with Service().client() as client:
        headers = [(EXCLUDE, "owner:us"), (EXCLUDE, "expert:painter")]
        reply = await client.post("/v1/chat/completions", headers=headers, json=CHAT)

    assert reply.headers["x-orchestrator-expert"] == "plain"


async def test_names_in_other_scripts_arrive():
    reply = await post("/v1/route", CHAT, {INCLUDE: "owner:東京".encode()})

    assert "not among the included owner:東京" in fault(reply)["message"]


async def test_caps_reach_the_decision_and_refusals_name_what_would_do():
    reply = await post("/v1/chat/completions", CHAT, {MAX_ENERGY_J: "5"})

    assert fault(reply)["param"] == "max_energy_j"
    assert "is not in the registry" in fault(reply)["message"]


async def test_route_tells_who_was_left_out_and_what_an_answer_would_take():
    reply = (await post("/v1/route", CHAT, {EXCLUDE: "expert:math"})).json()

    assert reply["excluded"] == {
        "math": "excluded by expert:math",
        "vectors": "it does not answer with text",
    }
    assert reply["expected"].pop("tokens") > 0
    assert reply["expected"] == {"price_usd": 0.0, "energy_j": None, "latency_s": None}
    assert reply["fallbacks"] == []


async def test_route_of_a_named_expert_leaves_nobody_out():
    reply = (await post("/v1/route", CHAT | {"model": "plain"}, {})).json()

    assert (reply["excluded"], reply["expected"], reply["fallbacks"]) == ({}, None, [])


async def test_who_could_not_answer_is_told_and_recorded():
    def script(call) -> Script:
        return Script(fails=EngineDeadError("gone") if call.expert == "math" else None, says="yes")

    auto = REGISTRY.compositions["auto"].model_copy(update={"fallbacks": 1})
    registry = REGISTRY.model_copy(update={"compositions": {"auto": auto}})
    programs = Programs(
        registry,
        generation=7,
        routers={"topic": PreferenceRouter("math", "plain")},
        dispatch=FakeEngine(script=script),
    )
    service = Service(live=lambda: programs)

    reply = await post("/v1/chat/completions", CHAT, {}, service)
    streamed = await post("/v1/chat/completions", CHAT | {"stream": True}, {}, service)

    for one in (reply, streamed):
        assert one.headers["x-orchestrator-expert"] == "plain"
        assert one.headers["x-orchestrator-failed"] == "math=engine_dead"
    record = await service.last_record()
    assert (record.expert, record.failed) == ("plain", {"math": "engine_dead"})


def test_every_header_has_a_name_of_its_own():
    assert len(set(ALL)) == len(ALL) == 7
