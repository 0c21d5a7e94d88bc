import asyncio
import json

import pytest

from orchestrator.api.settings import ApiSettings
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import (
    BadCredentialsError,
    ContextTooLongError,
    EngineDeadError,
    OverloadedError,
)
from tests.served import Service, data_of, events, fault, programs_of


async def test_auto_answers_and_tells_who_did():
    service = Service(engine=FakeEngine("{expert}: two"))

    response = await service.chat(model="auto")

    assert response.json()["choices"][0]["message"]["content"] == "math: two"
    assert response.json()["model"] == "auto"
    headers = response.headers
    assert headers["x-orchestrator-model"] == "auto"
    assert headers["x-orchestrator-expert"] == "math"
    assert headers["x-orchestrator-router"] == "topic@v1"
    assert headers["x-orchestrator-generation"] == "7"
    assert headers["x-orchestrator-defaults"] == "max_tokens=256"
    assert float(headers["x-orchestrator-overhead-ms"]) > 0


async def test_parameters_left_aside_are_named():
    response = await Service().chat(store=True, service_tier="auto", user="u1")

    assert response.headers["x-orchestrator-ignored"] == "store, service_tier"


async def test_a_completion_continues_text():
    response = await Service(engine=FakeEngine(" world")).post(
        "/v1/completions", model="math", prompt="hello", echo=True
    )

    assert response.json()["choices"][0]["text"] == "hello world"
    assert response.json()["id"].startswith("cmpl-")


async def test_a_stream_ends_with_done():
    response = await Service(engine=FakeEngine("a b")).chat(stream=True)

    assert response.headers["content-type"].startswith("text/event-stream")
    assert events(response)[-1] == "[DONE]"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ContextTooLongError("600 tokens; at most 512"), 400),
        (OverloadedError("queue full", retry_after_s=2.2), 503),
        (EngineDeadError("gone"), 503),
    ],
    ids=str,
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_an_error_before_the_first_token_has_its_own_status(error, status, stream):
    response = await Service(engine=FakeEngine(fails=error)).chat(stream=stream)

    assert response.status_code == status
    assert fault(response)["message"] == error.message
    assert fault(response)["code"] == error.code


async def test_a_retryable_error_says_when_to_come_back():
    error = OverloadedError("queue full", retry_after_s=2.2)

    response = await Service(engine=FakeEngine(fails=error)).chat()

    assert response.headers["retry-after"] == "3"
    assert response.headers["x-should-retry"] == "true"


async def test_an_error_that_stays_is_not_retried():
    response = await Service(engine=FakeEngine(fails=BadCredentialsError("401"))).chat()

    assert response.headers["x-should-retry"] == "false"
    assert "retry-after" not in response.headers


async def test_an_error_in_the_stream_is_its_last_event():
    script = Script(says="a b c", fails=EngineDeadError("gone"), fails_at=1)
    service = Service(engine=FakeEngine(script=lambda _: script))

    response = await service.chat(stream=True)

    assert response.status_code == 200
    assert '"code":"engine_dead"' in events(response)[-1]
    assert "[DONE]" not in response.text
    assert (await service.last_record()).status == 503
    assert (await service.last_record()).error_code == "engine_dead"


async def test_a_stream_that_broke_off_says_who_goes_on_and_ends_well():
    scripts = iter([Script(says="a b c", fails=EngineDeadError("gone"), fails_at=1)])
    service = Service(engine=FakeEngine(script=lambda _: next(scripts, Script(says="a b c"))))

    response = await service.chat(stream=True)

    told = [json.loads(one) for one in data_of(response) if one != "[DONE]"]
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in told) == "a b c"
    assert ": instead expert=math failed math=engine_dead\n\n" in response.text
    assert response.text.endswith("data: [DONE]\n\n")
    record = await service.last_record()
    assert (record.status, record.failed, record.num_continued) == (200, {"math": "engine_dead"}, 1)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_the_unforeseen_is_a_500_without_a_word_of_it(stream, caplog):
    def script(_):
        raise RuntimeError("secret detail")

    response = await Service(engine=FakeEngine(script=script)).chat(stream=stream)

    assert response.status_code == 500
    assert fault(response)["code"] == "internal_error"
    assert "secret" not in response.text
    assert response.headers["x-request-id"] in caplog.text


async def test_the_unforeseen_in_a_stream_breaks_it_off(caplog):
    def script(call):
        return Script(says="a b c", fails=ZeroDivisionError("secret"), fails_at=1)

    response = await Service(engine=FakeEngine(script=script)).chat(stream=True)

    assert '"code":"internal_error"' in events(response)[-1]
    assert "secret" not in response.text


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions", "/v1/route"])
async def test_a_body_over_the_limit_is_413(path):
    service = Service(settings=ApiSettings(max_body_bytes=1024))

    response = await service.post(path, model="auto", prompt="x" * 1024)

    assert response.status_code == 413
    assert fault(response)["code"] == "body_too_large"
    assert "1024" in fault(response)["message"]


async def test_an_unknown_model_is_404():
    response = await Service().chat(model="mth")

    assert response.status_code == 404
    assert fault(response)["code"] == "model_not_found"
    assert fault(response)["param"] == "model"


async def test_a_valid_request_id_is_honoured():
    async with Service().client() as client:
        response = await client.get("/healthz", headers={"x-request-id": "mine-1"})

    assert response.headers["x-orchestrator-request-id"] == "mine-1"
    assert response.headers["x-request-id"] == "mine-1"


async def test_an_invalid_request_id_is_replaced_and_named():
    async with Service().client() as client:
        response = await client.get("/healthz", headers={"x-request-id": "not valid"})

    assert response.headers["x-request-id"].startswith("req-")
    assert response.headers["x-orchestrator-ignored"] == "x-request-id"


async def test_a_server_that_sends_the_request_id_is_not_doubled():
    response = await Service(settings=ApiSettings(sends_x_request_id=False)).chat()

    assert "x-request-id" not in response.headers
    assert response.headers["x-orchestrator-request-id"].startswith("req-")


async def test_a_request_keeps_the_generation_it_started_with():
    gate = asyncio.Event()
    engine = FakeEngine("a", gate=gate)
    generations = [programs_of(engine, generation=1), programs_of(engine, generation=2)]
    service = Service(engine=engine, live=lambda: generations[0])

    async with asyncio.TaskGroup() as tasks:
        answer = tasks.create_task(service.chat())
        await engine.arrived.wait()
        generations.pop(0)
        gate.set()

    assert answer.result().headers["x-orchestrator-generation"] == "1"
    assert engine.calls[0].generation == 1


async def test_without_a_generation_callers_are_told_to_wait():
    def nothing_yet():
        raise OverloadedError("no generation is loaded yet", retry_after_s=5)

    response = await Service(live=nothing_yet).chat()

    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"


async def test_compressed_bodies_are_refused_by_name():
    async with Service().client() as client:
        response = await client.post(
            "/v1/completions", content=b"x", headers={"content-encoding": "gzip"}
        )

    assert "content-encoding 'gzip'" in fault(response)["message"]
