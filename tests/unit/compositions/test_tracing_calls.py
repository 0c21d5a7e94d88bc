"""Spans of stages and calls, of whatever depth."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Chunk, Sampling, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.notices import Notice
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError
from orchestrator.registry.models import Registry
from tests.served import PreferenceRouter
from tests.traces import Recorder
from tests.unit.compositions.pool import SeeingEngine, ask

DEAD = EngineDeadError("its process is gone")
#: What a router decided, before anybody is asked.
ROUTE = ("route", [])
PRICE = {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 10.0}
COMPOSITIONS = {
    "plain": {"kind": "route", "router": "topic"},
    "forgiving": {"kind": "route", "router": "topic", "fallbacks": 1},
    "vote": {"kind": "vote", "router": "topic", "samples": 1, "experts": 3},
    "refined": {"kind": "self_moa", "router": "topic", "samples": 2, "aggregator": "vote"},
}


def programs(engine) -> Programs:
    registry = Registry.model_validate(
        {
            "experts": [{"id": name, "engine": {"kind": "fake"}, "price": PRICE} for name in "abc"],
            "routers": {"topic": {"kind": "category", "artifact": "x", "fallback": "a"}},
            "compositions": COMPOSITIONS,
        }
    )
    topic = PreferenceRouter(*"abc")
    return Programs(registry, generation=3, routers={"topic": topic}, dispatch=engine)


async def traced(engine, model, *, recorder=None, **more) -> Recorder:
    recorder = recorder or Recorder()
    span = recorder.tracing().begun("request", {}, created_s=1.0)
    try:
        reply = await programs(engine).reply(ask(model=model, **more), span=span)
        await collect(reply.items)
    finally:
        span.end()
    return recorder


async def test_a_call_that_failed_has_the_code_of_its_error():
    recorder = Recorder()

    with pytest.raises(EngineDeadError):
        await traced(SeeingEngine(fails=DEAD), "a", recorder=recorder)

    [call] = recorder.named("chat a")
    assert call.status.status_code == StatusCode.ERROR
    assert call.attributes["error.type"] == "engine_dead"
    assert call.attributes["orchestrator.ending"] == "engine_dead"
    assert not {"gen_ai.usage.input_tokens", "gen_ai.response.model"} & call.attributes.keys()


async def test_an_expert_that_is_named_is_one_call_with_what_it_took():
    waits = (Notice(position=1), Notice(position=0, waited_s=0.5))
    engine = SeeingEngine(script=lambda call: Script(says="so it is", notices=waits))
    sampling = Sampling(temperature=0.5, max_tokens=40, seed=7)

    recorder = await traced(engine, "a", sampling=sampling)

    assert recorder.tree() == [("request", [("chat a", [])])]
    [call] = recorder.named("chat a")
    told = dict(call.attributes)
    assert told.pop("gen_ai.response.time_to_first_chunk") >= 0
    assert call.kind == SpanKind.CLIENT
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "orchestrator",
        "gen_ai.request.model": "a",
        "gen_ai.response.model": "a",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 40,
        "gen_ai.request.seed": 7,
        "gen_ai.usage.input_tokens": 1,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.response.finish_reasons": ("stop",),
        "orchestrator.call_id": "q1",
        "orchestrator.generation": 3,
        "orchestrator.ending": "done",
        "orchestrator.waited_s": 0.5,
        # 1 token read and 3 written
        "orchestrator.cost_usd": pytest.approx(31e-6),
    }


async def test_a_raw_text_is_a_text_completion():
    engine = SeeingEngine()
    recorder = Recorder()
    span = recorder.tracing().begun("request", {}, created_s=1.0)

    query = replace(ask(model="a"), prompt=Text(text="Once"))
    reply = await programs(engine).reply(query, span=span)
    await collect(reply.items)

    [call] = recorder.spans
    assert call.attributes["gen_ai.operation.name"] == "text_completion"


async def test_each_expert_that_was_tried_is_a_call():
    engine = SeeingEngine(script=lambda call: Script(fails=DEAD if call.expert == "a" else None))

    recorder = await traced(engine, "forgiving")

    assert recorder.tree() == [("request", [ROUTE, ("chat a", []), ("chat b", [])])]


async def test_a_stage_holds_its_calls_though_they_go_out_together():
    engine = SeeingEngine(
        script=lambda call: Script(says="5", fails=DEAD if call.expert == "c" else None)
    )

    recorder = await traced(engine, "vote")

    [(_, [_, (stage, calls)])] = recorder.tree()
    assert stage == "stage vote"
    assert sorted(name for name, _ in calls) == ["chat a", "chat b", "chat c"]
    assert dict(recorder.named(stage)[0].attributes) == {
        "orchestrator.composition": "vote",
        "orchestrator.experts": ("a", "b", "c"),
        "orchestrator.num_calls": 3,
        "orchestrator.num_failed": 1,
        "orchestrator.num_cancelled": 0,
        "orchestrator.input_tokens": 2,
        "orchestrator.output_tokens": 2,
        "orchestrator.cost_usd": pytest.approx(22e-6),
    }


async def test_a_call_takes_its_own_span_along_and_none_where_nobody_records():
    engine = SeeingEngine(says="x")

    recorder = await traced(engine, "a")
    await collect((await programs(engine).reply(ask(model="a"))).items)

    [call] = recorder.named("chat a")
    carried = f"00-{call.context.trace_id:032x}-{call.context.span_id:016x}"
    first, second = (one.traceparent for one in engine.calls)
    assert first.startswith(carried)
    assert second is None


async def test_a_composition_inside_another_one_is_a_call_that_holds_its_stages():
    engine = SeeingEngine(script=lambda call: Script(says=("one", "two")))

    recorder = await traced(engine, "refined")

    [(_, [_, samples, (synthesis, [(inner, stages)])])] = recorder.tree()
    assert samples == ("stage samples", [("chat a", [])])
    assert (synthesis, inner) == ("stage synthesis", "invoke_workflow vote")
    [_, (stage, calls)] = stages
    assert (stage, len(calls)) == ("stage vote", 3)
    told = recorder.named(inner)[0].attributes
    assert told["gen_ai.workflow.name"] == "vote"
    assert told["orchestrator.ending"] == "done"


async def test_whoever_hangs_up_leaves_spans_that_have_ended():
    engine = SeeingEngine(script=lambda call: Script(says="x", gate=asyncio.Event()))
    recorder = Recorder()
    span = recorder.tracing().begun("request", {}, created_s=1.0)
    reply = await programs(engine).reply(ask(model="vote"), span=span)

    async with aclosing(reply.items) as items:
        await anext(items)
        while engine.num_in_flight < 3:
            engine.arrived.clear()
            await engine.arrived.wait()

    assert len(recorder.spans) == 1 + 1 + 3  # route, stage, calls
    calls = [one for one in recorder.spans if one.name.startswith("chat")]
    assert {call.attributes["orchestrator.ending"] for call in calls} == {"cancelled"}
    assert {call.status.status_code for call in calls} == {StatusCode.UNSET}


async def test_no_word_of_prompt_or_answer_is_in_a_span():
    recorder = await traced(SeeingEngine(says="a secret answer"), "refined")

    told = str([(span.name, dict(span.attributes)) for span in recorder.spans])
    assert "secret" not in told
    assert "hi" not in told.replace("orchestrator", "")


async def test_where_nobody_records_the_items_are_the_engines_own():
    reply = await programs(SeeingEngine()).reply(ask(model="plain"))

    assert all(isinstance(item, Chunk) for item in [one async for one in reply.items])
    reply = await programs(SeeingEngine()).reply(ask(model="plain"))
    assert reply.items.ag_frame.f_locals["items"].__name__ == "priced"
