import pytest

from orchestrator.engines.fake import FakeEngine
from routers.split import SplitRouter
from tests.contracts.judgements import judgement
from tests.served import PreferenceRouter, Service, fault, programs_of


async def answered(service: Service, *, model: str = "auto", **headers: str) -> str:
    """A request that was answered; its id."""
    async with service.client() as client:
        body = {"model": model, "messages": [{"role": "user", "content": "1+1?"}]}
        response = await client.post("/v1/chat/completions", json=body, headers=headers)
    return response.headers["x-orchestrator-request-id"]


async def given(service: Service, headers=None, **body):
    async with service.client() as client:
        return await client.post("/v1/feedback", json=body, headers=headers or {})


async def taken_back(service: Service, path: str, **headers: str):
    async with service.client() as client:
        return await client.delete(path, headers=headers)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"request_id": "r", "score": 1.1}, "score"),
        ({"request_id": "r", "score": -0.1}, "score"),
        ({"request_id": "r", "score": "NaN"}, "score"),
        ({"score": 1}, "request_id"),
        ({"request_id": "", "score": 1}, "request_id"),
        ({"request_id": "r", "score": 1, "stars": 5}, "stars"),
    ],
    ids=["over one", "under zero", "no number", "no request", "an empty id", "an unknown key"],
)
async def test_what_is_no_judgement_is_refused(body, param):
    response = await given(Service(), **body)

    assert (response.status_code, fault(response)["param"]) == (400, param)


async def test_a_request_that_left_no_record_is_not_found():
    response = await given(Service(), request_id="r1", score=1)

    assert response.status_code == 404
    assert "no decision record of request 'r1'" in fault(response)["message"]


async def test_a_long_body_is_refused():
    response = await given(Service(), request_id="r1", score=1, expert="x" * 20_000)

    assert response.status_code == 413


async def test_an_expert_that_did_not_answer_cannot_be_judged():
    service = Service()

    response = await given(service, request_id=await answered(service), score=0, expert="plain")

    assert (response.status_code, fault(response)["param"]) == (400, "expert")
    assert "'math' did" in fault(response)["message"]


async def test_what_was_only_routed_cannot_be_judged():
    service = Service()
    routed = await service.post("/v1/route", messages=[{"role": "user", "content": "1+1?"}])

    response = await given(service, request_id=routed.json()["id"], score=0)

    assert (response.status_code, fault(response)["param"]) == (400, "request_id")


async def test_a_judgement_is_of_the_router_s_choice():
    service = Service()
    request_id = await answered(service)

    told = (await given(service, request_id=request_id, score=0.25, expert="math")).json()

    [kept] = await service.judgements.every()
    assert (kept.router, kept.expert, kept.labels, kept.score) == ("topic", "math", ("sums",), 0.25)
    assert kept.router_version == "v1"
    assert (told["id"], told["is_counted"], told["labels"]) == (kept.id, True, ["sums"])


async def test_who_named_the_expert_judges_no_router():
    service = Service()

    told = (await given(service, request_id=await answered(service, model="math"), score=1)).json()

    assert (told["router"], told["is_counted"]) == (None, False)


async def test_the_last_judgement_of_an_answer_is_kept():
    service = Service()
    request_id = await answered(service)

    ids = {(await given(service, request_id=request_id, score=s)).json()["id"] for s in (0, 1)}

    assert len(ids) == 1
    assert [one.score for one in await service.judgements.every()] == [1.0]


async def test_a_giver_is_its_key_without_the_key_s_words():
    service = Service()
    request_id = await answered(service)

    await given(service, {"authorization": "Bearer secret"}, request_id=request_id, score=1)

    [kept] = await service.judgements.every()
    assert kept.giver.startswith("key:")
    assert "secret" not in kept.model_dump_json()


@pytest.mark.parametrize(
    ("peer", "forwarded", "giver"),
    [
        ("127.0.0.1", None, "address:127.0.0.1"),
        ("127.0.0.1", "1.1.1.1, 10.0.0.7", "address:10.0.0.7"),
        ("10.0.0.9", "1.1.1.1", "address:10.0.0.9"),
    ],
    ids=["nobody forwards", "a proxy here adds the last", "others may write what they like"],
)
async def test_a_giver_without_a_key_is_its_address(peer, forwarded, giver):
    service = Service(peer=peer)
    request_id = await answered(service)

    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    await given(service, headers, request_id=request_id, score=1)

    assert [one.giver for one in await service.judgements.every()] == [giver]


async def test_what_was_said_is_taken_back_once():
    service = Service()
    request_id = await answered(service)
    feedback_id = (await given(service, request_id=request_id, score=1)).json()["id"]

    first = await taken_back(service, f"/v1/feedback/{feedback_id}")
    second = await taken_back(service, f"/v1/feedback/{feedback_id}")

    assert first.json() == {"object": "feedback.deleted", "id": feedback_id, "deleted": True}
    assert (second.status_code, fault(second)["code"]) == (404, "not_found")
    assert await service.judgements.every() == []


async def test_operators_see_what_weighs_newest_first():
    service = Service()
    for number in range(3):
        await service.judgements.put(judgement(number, labels=("sums",) if number else ()))

    listed = (await service.get("/admin/feedback?limit=2")).json()

    assert listed["num_kept"] == 3
    assert [(row["id"], row["weighs"]) for row in listed["data"]] == [
        ("fb-2", False),  # said in 1970, long ago
        ("fb-1", False),
    ]


async def test_of_routers_of_routers_the_innermost_choice_is_judged():
    engine = FakeEngine()
    router = SplitRouter(
        routers={
            "left": SplitRouter(routers={"deep": PreferenceRouter("math")}, shares={"deep": 1})
        },
        shares={"left": 1},
    )
    programs = programs_of(engine, router=router)
    service = Service(engine=engine, live=lambda: programs)

    await given(service, request_id=await answered(service), score=1)

    (kept,) = await service.judgements.every()
    assert kept.router == "deep"


async def test_all_that_one_giver_said_is_taken_back_at_once():
    service = Service()
    for number, giver in enumerate(["key:a", "key:b", "key:a"]):
        await service.judgements.put(judgement(number, giver=giver))

    told = await taken_back(service, "/admin/feedback?giver=key:a")

    assert told.json() == {"giver": "key:a", "num_deleted": 2}
    assert [one.giver for one in await service.judgements.every()] == ["key:b"]


async def test_a_page_of_another_machine_takes_nothing_back():
    response = await taken_back(
        Service(), "/admin/feedback?giver=key:a", origin="https://example.org"
    )

    assert fault(response)["code"] == "forbidden"


async def test_callers_elsewhere_do_not_see_what_others_said():
    assert (await Service(peer="10.0.0.9").get("/admin/feedback")).status_code == 403
