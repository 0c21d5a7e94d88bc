import asyncio
from contextlib import aclosing

import pytest

from orchestrator.engines.base import (
    Call,
    Chat,
    Message,
    Sampling,
    Text,
    TextPart,
    ToolCall,
)
from orchestrator.engines.collecting import collect
from orchestrator.engines.embedding import EmbedCall
from orchestrator.engines.fake import FakeEngine, FakeHost
from orchestrator.engines.scripts import Script
from orchestrator.errors import (
    ContextTooLongError,
    EngineDeadError,
    EngineTimeoutError,
    NotHostedError,
    OverloadedError,
    SwapError,
)
from orchestrator.registry.models import Expert

EXPERTS = (Expert(id="maths"), Expert(id="french"))


def asked(
    text: str = "hi", *, expert: str = "maths", sampling: Sampling | None = None, **fields
) -> Call:
    chat = Chat(messages=(Message(role="user", content=(TextPart(text=text),)),))
    return Call(
        id="c1", expert=expert, generation=1, prompt=chat, sampling=sampling or Sampling(), **fields
    )


async def test_it_says_its_script_one_token_a_chunk():
    chunks = [chunk async for chunk in FakeEngine("one two three").generate(asked())]

    assert [d.text for chunk in chunks for d in chunk.deltas] == ["one", " two", " three", ""]
    assert [chunk.usage for chunk in chunks[:-1]] == [None, None, None]
    assert chunks[-1].usage.completion_tokens == 3


async def test_placeholders_stand_for_the_expert_and_the_last_user_turn():
    answer = await collect(FakeEngine("{expert} heard {prompt}").generate(asked("hello")))

    assert answer.choices[0].text == "maths heard hello"


async def test_a_call_nobody_reads_along_is_answered_in_one_chunk():
    chunks = [c async for c in FakeEngine("a b c").generate(asked(stream=False))]

    assert [d.text for d in chunks[0].deltas] == ["a b c"]
    assert len(chunks) == 1


async def test_text_never_contains_the_stop_string_even_across_tokens():
    sampling = Sampling(stop=("two three",))

    answer = await collect(FakeEngine("one two three four").generate(asked(sampling=sampling)))

    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("one ", "stop")


async def test_max_tokens_ends_with_length():
    answer = await collect(FakeEngine("a b c").generate(asked(sampling=Sampling(max_tokens=2))))

    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("a b", "length")


async def test_each_of_n_choices_may_say_something_else():
    engine = FakeEngine(("yes", "no way"))

    answer = await collect(engine.generate(asked(sampling=Sampling(n=3))))

    assert [choice.text for choice in answer.choices] == ["yes", "no way", "yes"]
    assert answer.usage.completion_tokens == 4


async def test_logprobs_come_once_a_token_with_the_alternatives_asked_for():
    answer = await collect(FakeEngine("a b").generate(asked(sampling=Sampling(top_logprobs=2))))

    assert [len(token.top) for token in answer.choices[0].logprobs] == [2, 2]


async def test_scripted_tool_calls_end_the_answer():
    script = Script(says="", tool_calls=(ToolCall(id="t", name="add", arguments="{}"),))

    answer = await collect(FakeEngine(script=lambda _: script).generate(asked()))

    assert answer.choices[0].tool_calls == script.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls"


async def test_echo_repeats_a_text_prompt():
    call = Call(id="c", expert="maths", generation=1, prompt=Text(text="2+2="), echo=True)

    assert (await collect(FakeEngine("4").generate(call))).choices[0].text == "2+2=4"


async def test_it_fails_as_scripted_after_some_tokens():
    script = Script(says="a b", fails=OverloadedError("full"), fails_at=1)
    chunks = FakeEngine(script=lambda _: script).generate(asked())

    first = await anext(chunks)

    assert first.deltas[0].text == "a"
    with pytest.raises(OverloadedError, match="full"):
        await anext(chunks)


async def test_a_context_too_long_names_both_numbers():
    engine = FakeEngine(script=lambda _: Script(max_context=5))

    with pytest.raises(ContextTooLongError, match=r"2 prompt tokens and 9 asked.*5 tokens"):
        await collect(engine.generate(asked("hello you", sampling=Sampling(max_tokens=9))))


async def test_a_shut_gate_runs_into_the_timeout():
    engine = FakeEngine(gate=asyncio.Event())

    with pytest.raises(EngineTimeoutError, match=r"0\.01 s"):
        await collect(engine.generate(asked(timeout_s=0.01)))


async def test_a_reader_that_hangs_up_is_noted():
    engine = FakeEngine("a b c")

    async with aclosing(engine.generate(asked())) as chunks:
        await anext(chunks)

    assert list(engine.cancelled) == ["c1"]
    assert engine.num_in_flight == 0


async def test_closing_fails_calls_in_flight():
    engine = FakeEngine(gate=asyncio.Event())
    reading = asyncio.create_task(collect(engine.generate(asked())))
    await engine.arrived.wait()

    await engine.close()

    with pytest.raises(EngineDeadError, match="maths"):
        await reading


async def test_a_host_answers_for_its_resident_only():
    host = FakeHost(EXPERTS)

    with pytest.raises(NotHostedError, match=r"'french' is not resident here; \['maths'\] are"):
        await collect(host.generate(asked(expert="french")))
    await host.become(EXPERTS[1])

    assert (await collect(host.generate(asked(expert="french")))).choices[0].text == "french: hi"


async def test_a_broken_swap_leaves_the_previous_expert():
    host = FakeHost(EXPERTS, broken={"french": SwapError("canary of 'french' differs")})

    with pytest.raises(SwapError, match="canary"):
        await host.become(EXPERTS[1])

    assert host.resident_ids == ("maths",)
    assert host.swaps == []


async def test_nothing_is_resident_during_a_swap():
    gate = asyncio.Event()
    host = FakeHost(EXPERTS, swap_gate=gate)
    swap = asyncio.create_task(host.become(EXPERTS[1]))
    await host.swap_begun.wait()

    resident_meanwhile = host.resident_ids
    gate.set()
    await swap

    assert (resident_meanwhile, host.resident_ids) == ((), ("french",))


async def test_a_dead_host_refuses_everything():
    host = FakeHost(EXPERTS)

    await host.die("out of memory")

    with pytest.raises(EngineDeadError, match="out of memory"):
        await host.check()


def embed_call(*texts: str, expert: str = "maths", **fields) -> EmbedCall:
    inputs = tuple(Text(text=text) for text in texts)
    return EmbedCall(id="e1", expert=expert, generation=1, inputs=inputs, **fields)


async def test_vectors_depend_on_the_text_alone_and_have_norm_one():
    first = await FakeEngine().embed(embed_call("one", "two"))
    again = await FakeEngine().embed(embed_call("two", "one"))

    assert (first.values == again.values[::-1]).all()
    assert (first.values[0] != first.values[1]).any()
    assert (first.values**2).sum(axis=1) == pytest.approx([1, 1], abs=1e-6)


async def test_vectors_wait_and_fail_as_the_script_has_it():
    with pytest.raises(OverloadedError):
        await FakeEngine(fails=OverloadedError("full")).embed(embed_call("a"))
    with pytest.raises(EngineTimeoutError):
        await FakeEngine(gate=asyncio.Event()).embed(embed_call("a", timeout_s=0.01))


async def test_a_host_embeds_for_the_resident_expert_alone():
    host = FakeHost(EXPERTS)

    assert (await host.embed(embed_call("a b"))).num_tokens == 2
    with pytest.raises(NotHostedError):
        await host.embed(embed_call("a", expert="french"))
