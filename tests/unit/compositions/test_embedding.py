"""Experts that embed, named directly."""

from dataclasses import replace

import pytest

from orchestrator.compositions.embedding import EmbedQuery
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Text
from orchestrator.engines.fake import FakeEngine
from orchestrator.errors import EngineDeadError, InvalidRequestError, UnknownModelError
from orchestrator.registry.models import Registry
from tests.traces import Recorder

QUERY = EmbedQuery(id="e1", model="vectors", inputs=(Text(text="one two three"),))


def programs_over(engine: FakeEngine, **changes) -> Programs:
    embedder = {"id": "vectors", "engine": {"kind": "fake", "task": "embed"}, **changes}
    talker = {"id": "talker", "engine": {"kind": "fake"}}
    registry = Registry.model_validate(
        {"experts": (embedder, talker), "defaults": {"timeout_s": 30}}
    )
    return Programs(registry, generation=7, routers={}, dispatch=engine)


async def test_the_expert_itself_is_the_decision_and_gets_the_call():
    engine = FakeEngine()
    program = programs_over(engine).embedder("vectors")

    vectors = await program.embed(QUERY)

    assert (program.decide(QUERY).expert, program.decide(QUERY).generation) == ("vectors", 7)
    (call,) = engine.calls
    assert (call.inputs, call.timeout_s, call.generation) == (QUERY.inputs, 30, 7)
    assert call.key == f"vectors@{call.version}"
    assert vectors.cost_usd is None


async def test_tokens_cost_what_the_registry_says():
    program = programs_over(FakeEngine(), price={"input_usd_per_mtok": 2.0}).embedder("vectors")

    assert (await program.embed(QUERY)).cost_usd == pytest.approx(3 * 2e-6)


def test_names_of_no_embedder_are_refused():
    programs = programs_over(FakeEngine())

    with pytest.raises(UnknownModelError, match="nearest"):
        programs.embedder("vector")
    with pytest.raises(
        InvalidRequestError, match=r"expert 'talker'.*models that do: \['vectors'\]"
    ):
        programs.embedder("talker")


def test_a_registry_without_embedders_says_so():
    plain = Registry.model_validate({"experts": ({"id": "talker", "engine": {"kind": "fake"}},)})
    programs = Programs(plain, generation=1, routers={}, dispatch=FakeEngine())

    with pytest.raises(InvalidRequestError, match="no model that you may ask does"):
        programs.embedder("talker")


async def embedded_in_a_trace(recorder: Recorder, engine: FakeEngine, query=QUERY) -> None:
    price = {"input_usd_per_mtok": 2.0}
    span = recorder.tracing().begun("request", {}, created_s=1.0)
    try:
        await programs_over(engine, price=price).embedder("vectors").embed(query, span=span)
    finally:
        span.end()


async def test_vectors_are_a_call_of_the_trace_that_goes_on_where_they_are_made():
    recorder, engine = Recorder(), FakeEngine()

    await embedded_in_a_trace(recorder, engine, replace(QUERY, dimensions=16))

    assert recorder.tree() == [("request", [("embeddings vectors", [])])]
    [call] = recorder.named("embeddings vectors")
    assert engine.calls[0].traceparent.split("-")[2] == f"{call.context.span_id:016x}"
    assert dict(call.attributes) == {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "orchestrator",
        "gen_ai.request.model": "vectors",
        "gen_ai.response.model": "vectors",
        "gen_ai.embeddings.dimension.count": 16,
        "gen_ai.usage.input_tokens": 3,
        "orchestrator.num_inputs": 1,
        "orchestrator.call_id": "e1",
        "orchestrator.generation": 7,
        "orchestrator.ending": "done",
        "orchestrator.cost_usd": pytest.approx(3 * 2e-6),
    }


async def test_vectors_that_cannot_be_had_are_a_call_with_the_code_of_the_error():
    recorder = Recorder()

    with pytest.raises(EngineDeadError):
        await embedded_in_a_trace(recorder, FakeEngine(fails=EngineDeadError("it is gone")))

    [call] = recorder.named("embeddings vectors")
    assert call.attributes["error.type"] == call.attributes["orchestrator.ending"] == "engine_dead"
    assert "gen_ai.response.model" not in call.attributes
