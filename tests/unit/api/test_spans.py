"""One trace a request: continued, recorded, told in record and log."""

import json
import logging

import pytest
from opentelemetry.trace import StatusCode

from orchestrator.engines.fake import FakeEngine
from orchestrator.errors import EngineDeadError
from tests.composed import composed
from tests.served import Service
from tests.traces import Recorder

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
BODY = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
CHAT = "/v1/chat/completions"


@pytest.fixture
def recorder():
    return Recorder()


async def post(service: Service, body=None, *, headers=None, path=CHAT):
    async with service.client() as client:
        return await client.post(path, json=body or BODY, headers=headers or {})


async def test_a_callers_fault_is_no_error_of_the_span(recorder):
    reply = await post(Service(tracing=recorder.tracing()), {**BODY, "model": "nobody"})

    [span] = recorder.spans
    assert span.attributes["http.response.status_code"] == reply.status_code == 404
    assert span.attributes["error.type"] == "model_not_found"
    assert span.status.status_code == StatusCode.UNSET


async def test_our_own_fault_is_an_error_of_the_span(recorder):
    engine = FakeEngine(fails=EngineDeadError("its process is gone"))

    await post(Service(engine=engine, tracing=recorder.tracing()), {**BODY, "model": "math"})

    request = recorder.named(f"POST {CHAT}")[0]
    assert request.status.status_code == StatusCode.ERROR
    assert request.attributes["error.type"] == "engine_dead"


async def test_a_request_is_one_trace_that_its_caller_began(recorder, caplog):
    service = Service(tracing=recorder.tracing())

    with caplog.at_level(logging.INFO):
        await post(service, headers=PARENT)

    assert {f"{span.context.trace_id:032x}" for span in recorder.spans} == {TRACE}
    [record] = await service.records.recent(limit=10)
    assert record.trace_id == TRACE
    lines = [json.loads(one.message) for one in caplog.records if '"action"' in one.message]
    assert [line["trace_id"] for line in lines if line["action"] == "request"] == [TRACE]
    request = recorder.named(f"POST {CHAT}")[0]
    told = request.attributes
    assert (told["orchestrator.expert"], told["orchestrator.composition"]) == ("math", "auto")
    assert told["orchestrator.request_id"] == record.request_id


async def test_without_a_recorder_record_and_log_have_the_callers_trace_alone():
    service = Service()

    await post(service, headers=PARENT)
    await post(service)

    assert {record.trace_id for record in await service.records.recent(limit=10)} == {TRACE, None}


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_the_request_outlives_its_stages_and_calls(recorder, is_streamed):
    service = composed(FakeEngine(says="5"))
    service.tracing = recorder.tracing()

    await post(service, {**BODY, "model": "refined", "stream": is_streamed})

    [(request, stages)] = recorder.tree()
    assert request == f"POST {CHAT}"
    assert stages == [
        ("route", []),
        ("stage samples", [("chat math", [])]),
        ("stage synthesis", [("chat writer", [])]),
    ]
    spans = {span.name: span for span in recorder.spans}
    assert all(span.end_time <= spans[request].end_time for span in recorder.spans)
    assert spans[request].attributes["orchestrator.output_tokens"] == 2 + 1


async def test_probes_and_administration_leave_no_spans(recorder):
    service = Service(tracing=recorder.tracing())

    async with service.client() as client:
        await client.get("/healthz")
        await client.get("/v1/models")

    assert recorder.spans == []
