"""Who is let in, and what a key's terms bind: at every way of asking."""

import json
import logging

import pytest

from orchestrator.access.keyring import Open
from orchestrator.access.keys import digest_of, revoked
from orchestrator.api.settings import ApiSettings
from orchestrator.engines.fake import FakeEngine
from tests.keyrings import ADMIN, ADMIN_KEY, NOW_S, Keys, bearer
from tests.served import Service, fault

CHAT = "/v1/chat/completions"
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9aw"
    "AAAABJRU5ErkJggg=="
)
ASKED = {
    CHAT: {"messages": [{"role": "user", "content": "1+1?"}]},
    "/v1/completions": {"prompt": "1+1="},
    "/v1/responses": {"input": "1+1?"},
    "/v1/route": {"messages": [{"role": "user", "content": "1+1?"}]},
}


def serving(keys: Keys, **more) -> Service:
    return Service(keyring=keys.ring(), settings=ApiSettings(admin="key"), **more)


@pytest.mark.parametrize("path", [*ASKED, "/v1/embeddings", "/v1/files", "/v1/nothing", "/"])
async def test_nothing_is_answered_without_a_key(path):
    engine = FakeEngine()

    response = await serving(Keys(), engine=engine).post(path, model="math", **ASKED.get(path, {}))

    assert response.status_code == 401
    assert fault(response)["code"] == "invalid_api_key"
    assert fault(response)["type"] == "invalid_request_error"
    assert response.headers["www-authenticate"] == "Bearer"
    assert not engine.calls


async def test_machines_ask_for_health_without_a_key_and_people_here_for_figures():
    away, here = (serving(Keys(), peer=peer) for peer in ("10.0.0.9", "127.0.0.1"))

    assert (await away.get("/healthz")).status_code == 200
    assert (await away.get("/readyz")).status_code == 200
    for path in ("/metrics", "/docs", "/openapi.json"):
        assert (await here.get(path)).status_code == 200
        assert (await away.get(path)).status_code == 401
        assert (await here.get(path, **{"x-forwarded-for": "10.0.0.9"})).status_code == 401
        assert (await away.get(path, **ADMIN)).status_code == 200


async def test_figures_of_all_callers_are_not_for_any_key():
    keys = Keys()
    _, header = await keys.issue()

    assert (await serving(keys, peer="10.0.0.9").get("/metrics", **bearer(header))).is_error


async def test_two_keys_are_none():
    keys = Keys()
    _, header = await keys.issue()
    both = [("authorization", header), ("authorization", header)]

    async with serving(keys).client() as client:
        response = await client.get("/v1/models", headers=both)

    assert response.status_code == 401
    assert header.split()[1] not in response.text


@pytest.mark.parametrize(("path", "body"), ASKED.items(), ids=ASKED)
async def test_only_models_of_the_terms_can_be_named(path, body):
    keys = Keys()
    key, header = await keys.issue(models=("math", "gone"))
    service = serving(keys)

    may = await service.post(path, headers=bearer(header), model="math", **body)
    others = [
        await service.post(path, headers=bearer(header), model=name, **body)
        for name in ("painter", "auto", "no-such", "gone")
    ]

    assert may.status_code == 200
    assert {(one.status_code, fault(one)["code"]) for one in others} == {(404, "model_not_found")}
    assert "plain" not in "".join(one.text for one in others)
    assert f"{key.id!r}" in fault(others[0])["message"]


async def test_models_that_may_not_be_named_are_not_listed():
    keys = Keys()
    _, header = await keys.issue(models=("math", "painter", "auto"), exclude=("expert:painter",))
    service = serving(keys)

    listed = (await service.get("/v1/models", **bearer(header))).json()["data"]
    shown = await service.get("/v1/models/plain", **bearer(header))

    assert [one["id"] for one in listed] == ["auto", "math"]
    assert (shown.status_code, fault(shown)["code"]) == (404, "model_not_found")


@pytest.mark.parametrize(("path", "body"), ASKED.items(), ids=ASKED)
@pytest.mark.parametrize(
    "terms", [{"exclude": ("owner:us",)}, {"include": ("expert:painter",)}], ids=str
)
async def test_an_expert_that_the_key_excludes_is_never_asked(terms, path, body):
    keys, engine = Keys(), FakeEngine()
    _, header = await keys.issue(**terms)
    service = serving(keys, engine=engine)

    named = await service.post(path, headers=bearer(header), model="math", **body)
    chosen = await service.post(path, headers=bearer(header), model="auto", **body)

    assert (named.status_code, fault(named)["code"]) == (404, "model_not_found")
    assert chosen.headers["x-orchestrator-expert"] == "painter"  # the router prefers math
    assert {call.expert for call in engine.calls} <= {"painter"}


async def test_an_embedder_that_the_key_excludes_is_not_asked():
    keys, engine = Keys(), FakeEngine()
    _, header = await keys.issue(exclude=("expert:vectors",))

    response = await serving(keys, engine=engine).post(
        "/v1/embeddings", headers=bearer(header), model="vectors", input="a"
    )

    assert response.status_code == 404
    assert fault(response)["code"] == "model_not_found"


async def test_what_a_caller_includes_never_loosens_its_key():
    keys = Keys()
    _, header = await keys.issue(exclude=("expert:math",))
    wish = bearer(header) | {"x-orchestrator-include": "expert:math"}

    response = await serving(keys).chat(headers=wish)

    assert response.status_code == 400
    assert "which does not exist, or which key" in fault(response)["message"]


IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]}]


@pytest.mark.parametrize(
    ("terms", "asked"),
    [
        pytest.param({"exclude": ("expert:math",)}, {"model": "auto"}, id="chosen among others"),
        pytest.param({"exclude": ("expert:math",)}, {"model": "maths"}, id="a near name"),
        pytest.param(
            {"exclude": ("expert:math", "expert:painter", "expert:plain")},
            {"model": "auto"},
            id="nobody is left",
        ),
        pytest.param(
            {"include": ("expert:plain",)},
            {"model": "plain", "response_format": {"type": "json_object"}, "messages": IMAGE},
            id="who could read images",
        ),
        pytest.param(
            {"models": ("plain",)}, {"model": "plain", "messages": IMAGE}, id="named by nothing"
        ),
        pytest.param(
            {"exclude": ("expert:math",)},
            {"model": "auto", "x-orchestrator-exclude": "expert:mat"},
            id="a near name in a header",
        ),
    ],
)
async def test_a_caller_learns_nothing_of_experts_that_its_key_shuts_out(terms, asked):
    keys = Keys()
    _, header = await keys.issue(**terms)
    hidden = {"math", "painter"} if "exclude" not in terms else {"math"}
    sent = bearer(header) | {name: asked.pop(name) for name in list(asked) if name[:2] == "x-"}
    body = {**ASKED["/v1/route"], **asked}

    answers = [await serving(keys).post(path, headers=sent, **body) for path in ("/v1/route", CHAT)]

    for answer in answers:
        told = answer.text.replace(repr(asked["model"]), "") + str(dict(answer.headers))
        assert not [name for name in hidden if name in told], told


async def test_an_admin_key_is_told_of_experts_that_it_excludes():
    keys = Keys()
    _, header = await keys.issue(is_admin=True, exclude=("expert:math",))

    response = await serving(keys).post(
        "/v1/route", headers=bearer(header), model="auto", **ASKED["/v1/route"]
    )

    assert response.json()["excluded"]["math"] == "excluded by expert:math"


async def test_a_name_in_a_header_is_refused_alike_whether_it_is_hidden_or_of_nobody():
    keys = Keys()
    _, header = await keys.issue(exclude=("owner:us",))
    service = serving(keys)

    told = [
        fault(await service.chat(headers=bearer(header) | {"x-orchestrator-exclude": one}))
        for one in ("expert:math", "expert:nobody")
    ]

    assert told[0]["message"].replace("math", "nobody") == told[1]["message"]


async def test_an_exclusion_of_what_has_left_the_registry_shuts_out_nobody_else():
    keys = Keys()
    _, header = await keys.issue(exclude=("expert:gone", "expert:math"))

    response = await serving(keys).chat(headers=bearer(header))

    assert response.headers["x-orchestrator-expert"] == "painter"


@pytest.mark.parametrize(
    ("terms", "wish", "becomes"),
    [
        pytest.param(3, 2, 5, id="3 + 2"),
        pytest.param(9, 9, 10, id="9 + 9, at most 10"),
        pytest.param(-4, -9, -10, id="-4 - 9, at least -10"),
    ],
)
async def test_the_priority_of_a_key_is_added_to_the_wish_and_bounded(terms, wish, becomes):
    keys, engine = Keys(), FakeEngine()
    _, header = await keys.issue(priority=terms)
    wishes = bearer(header) | {"x-orchestrator-priority": str(wish)}

    await serving(keys, engine=engine).chat(model="math", headers=wishes)

    assert engine.calls[0].priority == becomes


async def test_a_stream_that_has_begun_outlives_its_key():
    keys = Keys()
    key, header = await keys.issue()
    service, ring = serving(keys), keys.ring()
    service.keyring = ring
    body = {"model": "math", "stream": True, **ASKED[CHAT]}

    async with (
        service.client() as client,
        client.stream("POST", CHAT, json=body, headers=bearer(header)) as stream,
    ):
        lines = stream.aiter_lines()
        first = await anext(lines)
        await keys.records.put(revoked(key, now_s=NOW_S))
        await ring.look()
        rest = [line async for line in lines]
        after = await client.get("/v1/models", headers=bearer(header))

    assert first.startswith("data: ")
    assert rest[-2:] == ["data: [DONE]", ""]
    assert after.status_code == 401


async def test_two_gateways_know_the_same_keys():
    keys = Keys()
    one, other = serving(keys), serving(keys)
    _, header = await keys.issue()

    seen = [(await each.get("/v1/models", **bearer(header))).status_code for each in (one, other)]

    assert seen == [200, 200]


async def test_while_keys_cannot_be_read_a_stranger_is_asked_to_come_again():
    keys = Keys()
    _, header = await keys.issue()
    keys.records.is_away = True

    response = await serving(keys).get("/v1/models", **bearer(header))

    assert (response.status_code, fault(response)["code"]) == (503, "store_unavailable")
    assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize("path", ["/admin/registry", "/admin/decisions", "/admin/feedback"])
async def test_with_keys_operators_need_an_admin_key_wherever_they_are(path):
    keys = Keys()
    _, header = await keys.issue()
    _, admin = await keys.issue(is_admin=True)
    here, away = serving(keys), serving(keys, peer="10.0.0.9")

    assert (await here.get(path)).status_code == 401
    refused = await here.get(path, **bearer(header))
    assert (refused.status_code, fault(refused)["code"]) == (403, "forbidden")
    for given in (ADMIN, bearer(admin)):
        assert (await away.get(path, **given)).status_code in (200, 404)


async def test_the_admin_key_opens_admin_from_afar_in_a_service_without_keys():
    away = Service(keyring=Open(admin_digest=digest_of(ADMIN_KEY)), peer="10.0.0.9")

    assert (await away.get("/admin/registry", **ADMIN)).status_code == 200
    assert (await away.get("/admin/registry", **bearer("Bearer guess"))).status_code == 403
    assert (await away.get("/v1/models")).status_code == 200


async def test_a_judgement_is_its_giver_s_own():
    keys = Keys()
    (key, own), (_, other) = await keys.issue(), await keys.issue("ben")
    service = serving(keys)
    answer = await service.chat(headers=bearer(own))
    judged = {"request_id": answer.headers["x-orchestrator-request-id"], "score": 1}
    given = (await service.post("/v1/feedback", headers=bearer(own), **judged)).json()

    async with service.client() as client:
        path = f"/v1/feedback/{given['id']}"
        stolen = await client.delete(path, headers=bearer(other))
        kept = [one.giver for one in await service.judgements.every()]
        taken = await client.delete(path, headers=bearer(own))

    assert (stolen.status_code, taken.status_code) == (404, 200)
    assert kept == [f"key:{key.id}"]


async def test_only_who_asked_may_judge_an_answer_and_others_hear_what_of_an_unknown_one():
    keys = Keys()
    (_, own), (_, other) = await keys.issue(), await keys.issue("ben")
    _, admin = await keys.issue("eve", is_admin=True)
    service = serving(keys)
    answer = await service.chat(headers=bearer(own))
    request_id = answer.headers["x-orchestrator-request-id"]

    async def judged(header, named=request_id):
        return await service.post(
            "/v1/feedback", headers=bearer(header), request_id=named, score=1.0
        )

    stranger, unknown = await judged(other), await judged(own, "req-of-nobody")
    assert (stranger.status_code, unknown.status_code) == (404, 404)
    as_of_unknown = fault(unknown)["message"].replace("req-of-nobody", request_id)
    assert fault(stranger)["message"] == as_of_unknown
    assert [(await judged(header)).status_code for header in (own, admin)] == [200, 200]


async def test_a_record_and_its_line_of_the_log_say_whose_key_it_was(caplog):
    keys = Keys()
    key, header = await keys.issue()
    service = serving(keys)

    with caplog.at_level(logging.INFO, logger="orchestrator.api.accounts"):
        answer = await service.chat(headers=bearer(header) | {"x-request-id": "one-of-mine"})

    record = await service.records.find(answer.headers["x-orchestrator-request-id"])
    assert (record.key_id, record.owner, record.request_id) == (key.id, key.id, "one-of-mine")
    line = json.loads(caplog.messages[-1])
    assert (line["key"], line["request_id"]) == (key.id, "one-of-mine")
