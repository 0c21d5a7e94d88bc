"""What every engine promises, run on the fake one, on an upstream and on vLLM."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

import pytest

from orchestrator.engines.answer import Answer
from orchestrator.engines.base import (
    Call,
    Chat,
    Chunk,
    Engine,
    Message,
    Prompt,
    Sampling,
    Text,
    TextPart,
)
from orchestrator.engines.collecting import collect
from orchestrator.errors import ContextTooLongError, EngineTimeoutError
from tests.polling import until

#: A prompt that the fake engine never answers; any engine takes longer over it than is allowed.
SLOW = "slow"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """An engine under test, and what is known about it."""

    engine: Engine
    expert: str
    #: Generations its source has not ended.
    num_in_flight: Callable[[], int]
    max_context: int


def call(subject: Subject, prompt: str | Prompt = "tell me", **fields) -> Call:
    sampling = Sampling(**({"temperature": 0.0, "max_tokens": 12} | fields.pop("sampling", {})))
    if isinstance(prompt, str):
        turn = Message(role="user", content=(TextPart(text=prompt),))
        prompt = Chat(messages=(turn,))
    return Call(
        id="call", expert=subject.expert, generation=1, prompt=prompt, sampling=sampling, **fields
    )


async def chunks(subject: Subject, asked: Call) -> list[Chunk]:
    async with asyncio.timeout(60):
        return [chunk async for chunk in subject.engine.generate(asked)]


async def answer(subject: Subject, **fields) -> Answer:
    async with asyncio.timeout(60):
        return await collect(subject.engine.generate(call(subject, **fields)))


async def it_ends_each_choice_once_and_counts_in_the_last_chunk(subject):
    seen = await chunks(subject, call(subject))

    ends = [d.finish_reason for chunk in seen for d in chunk.deltas if d.finish_reason]
    assert len(ends) == 1
    assert [chunk.usage is not None for chunk in seen] == [False] * (len(seen) - 1) + [True]


async def it_answers_at_once_when_nobody_reads_along(subject):
    (chunk,) = await chunks(subject, call(subject, stream=False))

    assert chunk.deltas[0].finish_reason is not None
    assert chunk.usage is not None


async def it_says_the_same_streamed_and_not(subject):
    streamed = await answer(subject, stream=True)
    whole = await answer(subject, stream=False)

    assert streamed.choices == whole.choices
    assert streamed.usage.completion_tokens == whole.usage.completion_tokens


async def it_stops_at_max_tokens(subject):
    short = await answer(subject, sampling={"max_tokens": 2})

    assert short.choices[0].finish_reason == "length"
    assert short.usage.completion_tokens == 2


async def it_gives_n_choices(subject):
    for stream in (True, False):
        several = await answer(subject, stream=stream, sampling={"n": 3, "max_tokens": 3})

        assert [choice.index for choice in several.choices] == [0, 1, 2]
        assert several.usage.completion_tokens == 9


async def it_never_shows_a_stop_string(subject):
    full = (await answer(subject)).choices[0].text
    stop = full[len(full) // 2 :][:3]

    for stream in (True, False):
        cut = await answer(subject, stream=stream, sampling={"stop": (stop,)})

        assert cut.choices[0].text == full[: full.index(stop)]
        assert cut.choices[0].finish_reason == "stop"


async def it_stops_each_of_n_choices_by_itself(subject):
    full = (await answer(subject)).choices[0].text
    stop = full[len(full) // 2 :][:3]

    cut = await answer(subject, sampling={"n": 3, "stop": (stop,)})

    assert [choice.text for choice in cut.choices] == [full[: full.index(stop)]] * 3
    assert {choice.finish_reason for choice in cut.choices} == {"stop"}


async def it_scores_every_token_with_the_alternatives_asked_for(subject):
    for stream in (True, False):
        scored = await answer(subject, stream=stream, sampling={"top_logprobs": 2})

        tokens = scored.choices[0].logprobs
        assert len(tokens) == 12
        assert {len(token.top) for token in tokens} == {2}
        assert all(token.logprob <= 0 for token in tokens)


async def its_tokens_spell_its_text(subject):
    scored = (await answer(subject, sampling={"top_logprobs": 0})).choices[0]

    spelled = bytes(byte for token in scored.logprobs for byte in token.bytes_)
    whole = spelled.decode("utf-8", errors="replace")
    assert whole.replace("\ufffd", "").startswith(scored.text.replace("\ufffd", ""))


async def it_reports_no_scores_unasked(subject):
    assert (await answer(subject)).choices[0].logprobs == ()


async def it_continues_raw_text_and_repeats_it_on_demand(subject):
    plain = await answer(subject, prompt=Text(text="tell me"))
    echoed = await answer(subject, prompt=Text(text="tell me"), echo=True)

    assert echoed.choices[0].text == "tell me" + plain.choices[0].text


async def it_refuses_what_exceeds_the_context_with_both_numbers(subject):
    too_many = subject.max_context + 1

    with pytest.raises(ContextTooLongError, match=f"{subject.max_context}.*{too_many}|{too_many}"):
        await answer(subject, sampling={"max_tokens": too_many})


async def it_gives_up_at_the_timeout(subject):
    slow = {"max_tokens": subject.max_context - 40}

    with pytest.raises(EngineTimeoutError):
        await collect(subject.engine.generate(call(subject, SLOW, timeout_s=0.02, sampling=slow)))
    await ended(subject)


async def it_ends_the_generation_when_its_reader_hangs_up(subject):
    asked = call(subject, sampling={"max_tokens": subject.max_context - 40})

    async with aclosing(subject.engine.generate(asked)) as stream:
        await anext(stream)

    await ended(subject)


async def it_ends_the_generation_when_its_reader_is_cancelled(subject):
    slow = call(subject, SLOW, sampling={"n": 2, "max_tokens": subject.max_context - 40})
    reading = asyncio.create_task(collect(subject.engine.generate(slow)))
    await begun(subject)

    reading.cancel()

    await asyncio.gather(reading, return_exceptions=True)
    await ended(subject)


async def begun(subject: Subject) -> None:
    await until(lambda: subject.num_in_flight() > 0, within_s=10)


async def ended(subject: Subject) -> None:
    await until(lambda: subject.num_in_flight() == 0, within_s=1)


CONTRACT = [
    promise
    for name, promise in list(globals().items())
    if name.startswith(("it_", "its_")) and asyncio.iscoroutinefunction(promise)
]


def promises():
    """Parametrise a test by every promise."""
    return pytest.mark.parametrize("promise", CONTRACT, ids=lambda promise: promise.__name__)
