import json
import logging

from prometheus_client import REGISTRY

from orchestrator.api.accounts import Accounts
from orchestrator.api.exchange import Exchange
from orchestrator.engines.base import Chunk, Delta, Usage
from orchestrator.engines.fake import FakeEngine
from orchestrator.errors import OverloadedError
from orchestrator.store.memory import MemoryRecords
from routers.shadow import ShadowRouter
from tests.served import PreferenceRouter, Service, programs_of
from tests.unit.routers.always import Held


class OneChunk(FakeEngine):
    """Answers every call by this chunk."""

    def __init__(self, chunk: Chunk) -> None:
        super().__init__()
        self._chunk = chunk

    async def generate(self, call):
        yield self._chunk


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_each_request_leaves_one_record():
    service = Service(engine=FakeEngine("one two"))

    await service.chat("1+1?", user="u1", metadata={"k": "v"})

    record = await service.last_record()
    assert (record.endpoint, record.model, record.expert) == (
        "/v1/chat/completions",
        "auto",
        "math",
    )
    assert (record.router, record.category, record.generation) == ("topic", "sums", 7)
    assert (record.status, record.completion_tokens) == (200, 2)
    assert (record.user, record.metadata) == ("u1", {"k": "v"})
    assert 0 < record.overhead_ms <= record.duration_ms
    assert "1+1?" not in record.model_dump_json()


async def test_what_an_answer_cost_is_recorded_and_told():
    usage = Usage(prompt_tokens=3, completion_tokens=2, cost_usd=0.000125)
    chunk = Chunk(deltas=(Delta(text="hi", finish_reason="stop"),), usage=usage)
    service = Service(engine=OneChunk(chunk))

    response = await service.chat(model="math")

    assert response.headers["x-orchestrator-cost-usd"] == "0.000125"
    assert (await service.last_record()).cost_usd == 0.000125


async def test_what_nobody_knows_the_cost_of_has_none():
    service = Service(engine=FakeEngine("hi"))

    response = await service.chat(model="math")

    assert "x-orchestrator-cost-usd" not in response.headers
    assert (await service.last_record()).cost_usd is None


async def test_a_refused_request_leaves_its_record_too():
    service = Service()

    await service.chat(model="nobody")

    record = await service.last_record()
    assert (record.status, record.error_code, record.expert) == (404, "model_not_found", None)


def compared_service(held: Held, shadow: str) -> Service:
    """A service whose `auto` is routed by a shadow router."""
    engine = FakeEngine("hi")
    router = ShadowRouter(
        name="main",
        router=PreferenceRouter("math"),
        shadows={"watch": PreferenceRouter(shadow)},
        shadowing=held,
    )
    programs = programs_of(engine, router=router)
    return Service(engine=engine, live=lambda: programs)


async def test_what_a_shadow_chose_while_the_answer_was_made_is_recorded_and_logged(caplog):
    class Answering(Held):
        """Asks at once, as a thread may have before the answer ends."""

        def later(self, job):
            job()
            return True

    held = Answering()
    service = compared_service(held, "painter")

    with caplog.at_level(logging.INFO, logger="orchestrator.api.accounts"):
        await service.chat()

    record, line = await service.last_record(), json.loads(caplog.messages[-1])
    assert (record.chosen_by, record.compared) == ("main", {"watch": "painter"})
    assert (line["router"], line["chosen_by"]) == ("topic", "main")
    assert line["compared"] == {"watch": "painter"}
    assert held.told == [("main", "watch", "no")]


async def test_a_shadow_that_comes_too_late_is_recorded_as_unknown():
    service = compared_service(Held(), "painter")

    await service.chat()

    assert (await service.last_record()).compared == {"watch": None}


async def test_routes_are_counted_by_the_router_that_chose():
    labels = {"router": "topic", "chosen_by": "main"}
    before = sample("orchestrator_routes_total", **labels)
    service = compared_service(Held(), "painter")

    await service.chat()

    assert sample("orchestrator_routes_total", **labels) == before + 1


async def test_a_named_expert_leaves_no_word_of_routers_in_the_log(caplog):
    with caplog.at_level(logging.INFO, logger="orchestrator.api.accounts"):
        await Service().chat(model="math")

    assert not {"router", "chosen_by", "compared"} & json.loads(caplog.messages[-1]).keys()


async def test_other_endpoints_leave_none():
    service = Service()

    await service.get("/v1/models")

    assert await service.records.recent(limit=1) == []


async def test_time_spent_waiting_is_not_our_own():
    records = MemoryRecords()
    exchange = Exchange(
        request_id="r1",
        created_s=0.0,
        clock=lambda: 10.0,
        started_s=0.0,
        is_recorded=True,
        engine_s=7.0,
        caller_s=2.5,
    )

    Accounts(records).settle(exchange, method="POST", path="/")

    # 10 s in all - 7 s for the engine - 2.5 s for the caller = 0.5 s
    record = await records.find("r1")
    assert (record.duration_ms, record.overhead_ms) == (10_000, 500)


async def test_requests_and_tokens_are_counted():
    labels = {"endpoint": "/v1/chat/completions", "model": "auto", "expert": "math"}
    before = sample("orchestrator_requests_total", status="200", **labels)
    tokens = sample("orchestrator_tokens_total", expert="math", direction="completion")

    await Service(engine=FakeEngine("one two")).chat()

    assert sample("orchestrator_requests_total", status="200", **labels) == before + 1
    assert sample("orchestrator_tokens_total", expert="math", direction="completion") == tokens + 2


async def test_names_that_callers_invent_do_not_become_labels():
    await Service().chat(model="invented")

    names = {s.labels.get("model") for m in REGISTRY.collect() for s in m.samples}
    assert "invented" not in names


async def test_each_request_is_one_json_line_without_its_prompt(caplog):
    caplog.set_level(logging.INFO, "orchestrator.api.accounts")

    await Service(engine=FakeEngine(fails=OverloadedError("full"))).chat("my secret")

    (line,) = [json.loads(one.getMessage()) for one in caplog.records]
    assert line["action"] == "request"
    assert line["request"] == "POST /v1/chat/completions"
    assert (line["status"], line["error_code"]) == (503, "overloaded")
    assert "secret" not in caplog.text


async def test_probes_do_not_fill_the_log(caplog):
    caplog.set_level(logging.INFO, "orchestrator.api.accounts")

    await Service().get("/healthz")

    assert not caplog.records
