import threading

import pytest

from orchestrator.compositions.base import Query
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import (
    Chat,
    ImagePart,
    Message,
    Sampling,
    Text,
    TextPart,
    Tool,
)
from orchestrator.engines.collecting import collect
from orchestrator.engines.fake import FakeEngine
from orchestrator.errors import (
    InvalidRequestError,
    RegistryError,
    UnknownModelError,
    UnsupportedParameterError,
)
from tests.served import REGISTRY, PreferenceRouter, programs_of


def query(model: str = "auto", *, chat: Chat | None = None, **more) -> Query:
    asked = chat or Chat(messages=(Message(role="user", content=(TextPart(text="1+1?"),)),))
    return Query(**{"id": "q1", "model": model, "prompt": asked, **more})


def picture() -> Chat:
    parts = (TextPart(text="What is this?"), ImagePart(url="https://a/b.png"))
    return Chat(messages=(Message(role="user", content=parts),))


def with_tools(choice: str = "auto") -> Chat:
    messages = (Message(role="user", content=(TextPart(text="Weather?"),)),)
    return Chat(messages=messages, tools=(Tool(name="weather"),), tool_choice=choice)


async def test_auto_asks_the_first_choice_of_its_router():
    engine = FakeEngine("{expert}")

    reply = await programs_of(engine).reply(query())

    assert reply.decision.expert == "math"
    assert reply.decision.composition == "auto"
    assert reply.decision.router == "topic"
    assert (await collect(reply.items)).choices[0].text == "math"


async def test_deciding_generates_nothing():
    engine = FakeEngine()

    await programs_of(engine).decide(query())

    assert not engine.calls


async def test_a_named_expert_answers_without_routing():
    router = PreferenceRouter("plain")

    decision = await programs_of(FakeEngine(), router=router).decide(query("math"))

    assert (decision.expert, decision.route) == ("math", None)
    assert not router.asked


async def test_every_call_is_pinned_to_its_generation():
    engine = FakeEngine()

    reply = await programs_of(engine, generation=41).reply(query())
    await collect(reply.items)

    assert engine.calls[0].generation == 41
    assert reply.decision.generation == 41


async def test_an_unknown_model_is_refused_with_the_nearest_names():
    with pytest.raises(UnknownModelError, match=r"model 'mth' .* nearest: \['math'\]"):
        await programs_of(FakeEngine()).decide(query("mth"))


async def test_a_model_unlike_any_other_is_refused_with_all_names():
    with pytest.raises(
        UnknownModelError, match=r"known: \['auto', 'math', 'painter', 'plain', 'vectors'\]"
    ):
        await programs_of(FakeEngine()).decide(query("zzzzzzzz"))


async def test_images_are_routed_to_experts_that_read_them():
    decision = await programs_of(FakeEngine()).decide(query(chat=picture()))

    assert decision.expert == "painter"


async def test_an_expert_that_reads_no_images_says_who_does():
    with pytest.raises(InvalidRequestError, match=r"'math' does not read images; .*\['painter'\]"):
        await programs_of(FakeEngine()).decide(query("math", chat=picture()))


async def test_images_are_refused_where_nobody_reads_them():
    blind = REGISTRY.model_copy(update={"experts": REGISTRY.experts[:1]})
    programs = Programs(
        blind,
        generation=1,
        routers={"topic": PreferenceRouter("math")},
        dispatch=FakeEngine(),
    )

    with pytest.raises(
        InvalidRequestError, match="no expert of this registry can answer with text and read images"
    ):
        await programs.decide(query(chat=picture()))


async def test_an_expert_without_tool_parser_refuses_tools():
    with pytest.raises(UnsupportedParameterError, match=r"'plain' does not call tools.*'math'"):
        await programs_of(FakeEngine()).decide(query("plain", chat=with_tools()))


async def test_tools_that_must_not_be_called_need_no_parser():
    decision = await programs_of(FakeEngine()).decide(query("plain", chat=with_tools("none")))

    assert decision.expert == "plain"


async def test_defaults_of_the_expert_come_before_those_of_the_registry():
    programs = programs_of(FakeEngine())

    assert (await programs.decide(query("painter"))).defaults == {
        "temperature": 0.5,
        "max_tokens": 64,
    }
    assert (await programs.decide(query("math"))).defaults == {"max_tokens": 256}


async def test_what_the_caller_says_is_not_a_default():
    engine = FakeEngine()
    asked = query("painter", sampling=Sampling(temperature=0.0, max_tokens=3))

    reply = await programs_of(engine).reply(asked)
    await collect(reply.items)

    assert reply.decision.defaults == {}
    assert engine.calls[0].sampling == asked.sampling


async def test_defaults_reach_the_engine():
    engine = FakeEngine()

    await collect((await programs_of(engine).reply(query("painter"))).items)

    assert engine.calls[0].sampling == Sampling(temperature=0.5, max_tokens=64)
    assert engine.calls[0].timeout_s == REGISTRY.defaults.timeout_s


async def test_token_ids_cannot_be_routed():
    asked = query(prompt=Text(token_ids=(1, 2)))

    with pytest.raises(InvalidRequestError, match="name an expert"):
        await programs_of(FakeEngine()).decide(asked)


async def test_a_router_without_candidates_is_the_request_s_fault():
    router = PreferenceRouter("nobody")

    with pytest.raises(InvalidRequestError, match="'auto' cannot place this request: none of"):
        await programs_of(FakeEngine(), router=router).decide(query())


@pytest.mark.parametrize(("is_slow", "is_inline"), [(False, True), (True, False)])
async def test_only_slow_routers_leave_the_event_loop(is_slow, is_inline):
    threads = []

    class Watched(PreferenceRouter):
        def route(self, prompts):
            threads.append(threading.current_thread())
            return super().route(prompts)

    await programs_of(FakeEngine(), router=Watched("math", is_slow=is_slow)).decide(query())

    assert (threads == [threading.main_thread()]) is is_inline


def test_a_composition_needs_its_router():
    with pytest.raises(RegistryError, match=r"'auto' uses router 'topic', which is not loaded"):
        Programs(REGISTRY, generation=1, routers={}, dispatch=FakeEngine())


def test_models_are_compositions_and_experts():
    models = programs_of(FakeEngine()).models()

    assert [(model.id, model.kind) for model in models] == [
        ("auto", "composition"),
        ("math", "expert"),
        ("painter", "expert"),
        ("plain", "expert"),
        ("vectors", "expert"),
    ]
