"""Compositions of several calls through the endpoint: one answer, one account of all calls."""

import json

import pytest
from prometheus_client import REGISTRY

from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.notices import Notice
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError
from tests.composed import composed
from tests.served import data_of, fault

ANSWERS = ("Answer: 3", "Answer: 4", "it is 4")
DEAD = EngineDeadError("its process is gone")


def tokens(expert: str) -> float:
    labels = {"expert": expert, "direction": "completion"}
    return REGISTRY.get_sample_value("orchestrator_tokens_total", labels) or 0.0


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"orchestrator_{name}_total", labels) or 0.0


def by_expert(**scripts: Script) -> FakeEngine:
    return FakeEngine(script=lambda call: scripts[call.expert])


async def test_several_answers_are_refused_with_the_parameter_at_fault():
    response = await composed(FakeEngine()).chat(model="careful", n=2)

    assert response.status_code == 400
    assert (fault(response)["param"], fault(response)["code"]) == ("n", "unsupported_parameter")


async def test_a_vote_is_one_answer_with_the_usage_and_cost_of_all():
    response = await composed(FakeEngine(ANSWERS)).chat(model="careful")

    [choice] = response.json()["choices"]
    assert choice["message"]["content"] == "Answer: 4"
    assert response.json()["usage"]["completion_tokens"] == 2 + 2 + 3
    assert response.headers["x-orchestrator-expert"] == "math"
    assert response.headers["x-orchestrator-router"] == "topic@v1"
    # One prompt token at 1 USD a million, seven at 2.
    assert float(response.headers["x-orchestrator-cost-usd"]) == pytest.approx(15e-6)


async def test_the_record_tells_every_stage():
    service = composed(FakeEngine(ANSWERS))

    await service.chat(model="refined")
    record = await service.last_record()

    assert [stage.name for stage in record.stages] == ["samples", "synthesis"]
    [sampled], [written] = (stage.calls for stage in record.stages)
    assert (sampled.expert, sampled.num_answers, sampled.completion_tokens) == ("math", 2, 4)
    assert (written.expert, written.ending, written.completion_tokens) == ("writer", "done", 2)
    assert record.expert == "writer"
    assert record.completion_tokens == 6
    assert record.cost_usd == pytest.approx(sampled.cost_usd + written.cost_usd)
    assert "Answer" not in record.model_dump_json()


async def test_tokens_are_counted_for_the_expert_that_wrote_them():
    before = tokens("math"), tokens("writer")

    await composed(FakeEngine(ANSWERS)).chat(model="refined")

    assert (tokens("math") - before[0], tokens("writer") - before[1]) == (4, 2)


async def test_tokens_of_nested_calls_are_counted_for_the_experts_too():
    before = tokens("math"), tokens("writer")

    await composed(FakeEngine("Answer: 3")).chat(model="nested")

    # `together` asks both, `auto` asks math.
    assert (tokens("math") - before[0], tokens("writer") - before[1]) == (2 + 2, 2)
    assert (tokens("together"), tokens("auto")) == (0, 0)


async def test_stages_calls_and_caps_are_counted_by_composition():
    labels = (
        ("stages", {"composition": "nested", "stage": "cheap"}),
        ("stages", {"composition": "together", "stage": "vote"}),
        ("stage_calls", {"composition": "nested", "ending": "done"}),
        ("stage_calls", {"composition": "together", "ending": "limits_unmet"}),
        ("reached", {"composition": "nested", "cap": "max_calls"}),
    )
    before = [counted(name, **one) for name, one in labels]

    caps = {"x-orchestrator-max-calls": "2"}
    await composed(FakeEngine("Answer: 3")).chat(model="nested", headers=caps)

    after = [counted(name, **one) for name, one in labels]
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1, 2, 1, 1]


async def test_one_call_leaves_no_stages():
    service = composed(FakeEngine())

    await service.chat(model="math")

    assert (await service.last_record()).stages == []


async def test_who_could_not_answer_is_told():
    engine = by_expert(math=Script(fails=DEAD), writer=Script(says="four"))

    response = await composed(engine).chat(model="together")

    assert response.headers["x-orchestrator-failed"] == "math=engine_dead"
    assert response.headers["x-orchestrator-expert"] == "writer"


async def test_a_stream_ends_with_the_usage_of_all_calls():
    engine = by_expert(math=Script(says=("1", "2", "3")), writer=Script(says="it is four"))
    service = composed(engine)

    response = await service.chat(
        model="thrifty", stream=True, stream_options={"include_usage": True}
    )

    *chunks, last, done = data_of(response)
    assert done == "[DONE]"
    assert json.loads(last)["usage"]["completion_tokens"] == 3 + 3
    text = [json.loads(one)["choices"][0]["delta"].get("content") or "" for one in chunks]
    assert "".join(text) == "it is four"
    record = await service.last_record()
    assert [stage.name for stage in record.stages] == ["cheap", "strong"]


async def test_the_record_names_who_ended_a_stream_that_another_was_to_answer():
    waits = Script(notices=(Notice(position=1, waited_s=1.0),), fails=DEAD)
    service = composed(by_expert(math=Script(says=("1", "2", "3")), writer=waits))

    response = await service.chat(model="thrifty", stream=True)
    record = await service.last_record()

    assert response.headers["x-orchestrator-expert"] == "writer"
    assert '"content":"1"' in response.text
    assert (record.expert, record.failed) == ("math", {"writer": "engine_dead"})


async def test_route_tells_the_team_without_asking_it():
    service = composed(FakeEngine())

    response = await service.post("/v1/route", model="together", messages=[
        {"role": "user", "content": "1+1?"}
    ])  # fmt: skip

    assert response.json()["team"] == ["math", "writer"]
    assert response.json()["named"] == {}
    assert not service.engine.calls


async def test_route_tells_whom_the_entry_names_for_other_stages():
    response = await composed(FakeEngine()).post("/v1/route", model="thrifty", messages=[
        {"role": "user", "content": "1+1?"}
    ])  # fmt: skip

    assert response.json()["named"] == {"cheap.0": "math", "strong": "writer"}
