"""The office over the real endpoint and the real executor, on a fake engine."""

import asyncio

import pytest

from orchestrator.batch.storage_memory import MemoryStorage
from orchestrator.engines.fake import FakeEngine
from tests.batch_desk import Desk, ids, ids_of, line
from tests.executing import Executing
from tests.polling import until

MESSAGES = [{"role": "user", "content": "1+1?"}]
MODELS = ("math", "writer", "auto", "careful", "refined")


def desk_on(engine: FakeEngine, storage: MemoryStorage | None = None) -> Desk:
    site = Executing(engine)
    return Desk(storage, endpoint=site.endpoint, executor=site.executor)


def asked(custom_id: str, **body) -> bytes:
    return line(custom_id, body={"messages": MESSAGES, "max_tokens": 4, **body})


def mixed(num: int) -> bytes:
    return b"".join(asked(f"q{n}", model=MODELS[n % len(MODELS)]) for n in range(num))


async def test_a_file_of_experts_and_compositions_is_answered_by_all_of_them():
    async with desk_on(FakeEngine("{expert}: 2")) as desk:
        ended = await desk.until((await desk.create(mixed(40))).id)

        told = await desk.content(ended.output_file_id)

    assert (ended.status, ended.error_file_id) == ("completed", None)
    said = {one["custom_id"]: one["response"]["body"] for one in told}
    assert sorted(said) == ids(range(40))
    assert {said[f"q{n}"]["model"] for n in range(5)} == set(MODELS)
    assert said["q1"]["choices"][0]["message"]["content"] == "writer: 2"


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"model": "maths"}, "model_not_found", "body.model"),
        ({}, "invalid_request", "body.model"),
        ({"model": "math", "temperature": "hot"}, "invalid_request", "body.temperature"),
        ({"model": "math", "messages": []}, "invalid_request", "body.messages"),
        ({"model": "math", "temprature": 1}, "invalid_request", "body.temprature"),
        ({"model": "math", "stream": True}, "unsupported_parameter", "body.stream"),
    ],
)
async def test_what_the_endpoint_would_refuse_fails_the_file_with_its_words(body, code, param):
    async with desk_on(FakeEngine()) as desk:
        ended = await desk.until((await desk.create(mixed(3) + asked("bad", **body))).id)

    assert ended.status == "failed"
    assert [(one.line, one.param) for one in ended.errors] == [(4, param)]
    assert ended.errors[0].code == code


async def test_an_office_goes_on_with_the_lines_that_were_under_way():
    storage, gate = MemoryStorage(), asyncio.Event()
    async with desk_on(FakeEngine("2", gate=gate), storage) as desk:
        batch = await desk.create(mixed(20))
        await desk.until(batch.id, "in_progress")
        await until(lambda: desk.executor.progress(batch.id) is not None)
    async with desk_on(FakeEngine("2"), storage) as after:
        ended = await after.until(batch.id)

        output, error = await ids_of(after, ended)
        assert (sorted(output), error) == (ids(range(20)), [])


async def test_a_chart_has_what_was_predicted_and_what_happened():
    async with desk_on(FakeEngine("{expert}: 2")) as desk:
        ended = await desk.until((await desk.create(mixed(10))).id)
        seen = await desk.office.timeline(ended.id, owner="")
    async with desk_on(FakeEngine(), desk.storage) as after:
        kept = await after.office.timeline(ended.id, owner="")

    assert {bar.expert for bar in kept.predicted} == {"math", "writer"}
    assert {bar.expert for bar in kept.happened} == {"math", "writer"}
    assert kept == seen


async def test_a_dry_run_of_a_mixed_file_is_its_plan():
    engine = FakeEngine()
    async with desk_on(engine) as desk:
        ended = await desk.until((await desk.create(mixed(10), metadata={"plan": "true"})).id)
        [summary, *others] = await desk.content(ended.output_file_id)

    assert (summary["num_requests"], summary["num_experts"]) == (10, 2)
    assert {one["type"] for one in others} == {"run", "expert"}
    assert not engine.calls
