import asyncio

import pytest

from orchestrator.engines.base import (
    Call,
    Chat,
    Message,
    Sampling,
    Structure,
    Text,
    TextPart,
    Tool,
)
from orchestrator.engines.collecting import collect
from orchestrator.engines.replay import ReplayEngine
from orchestrator.errors import (
    EngineDeadError,
    NotRecordedError,
    RegistryError,
    UnsupportedParameterError,
)
from orchestrator.registry.models import Expert
from tests.contract.engine_contract import CONTRACT, Subject
from tests.recordings import ANSWERS, write_recordings

#: What needs a source that takes time, a context, or scores: a recording has none of them.
NOT_OF_RECORDINGS = {
    "it_scores_every_token_with_the_alternatives_asked_for",
    "its_tokens_spell_its_text",
    "it_refuses_what_exceeds_the_context_with_both_numbers",
    "it_gives_up_at_the_timeout",
    "it_ends_the_generation_when_its_reader_hangs_up",
    "it_ends_the_generation_when_its_reader_is_cancelled",
}
KEPT = [promise for promise in CONTRACT if promise.__name__ not in NOT_OF_RECORDINGS]
LONG = {"model": ["small"], "prompt": ["tell me"], "answer": ["word " * 40]}


def engine(folder, columns=ANSWERS, *, model: str = "small") -> ReplayEngine:
    path = write_recordings(folder / "answers.parquet", columns)
    spec = {"kind": "replay", "answers": str(path), "model": model}
    return ReplayEngine(Expert(id="recorded", engine=spec))


def call(asked: str = "1+1?", **fields) -> Call:
    turns = (Message(role="user", content=(TextPart(text=asked),)),)
    plain = {"id": "c", "expert": "recorded", "generation": 1, "version": "v"}
    return Call(**(plain | {"prompt": Chat(messages=turns)} | fields))


async def said(subject: ReplayEngine, *args, **fields) -> list[str]:
    answer = await collect(subject.generate(call(*args, **fields)))
    return [choice.text for choice in answer.choices]


@pytest.mark.parametrize("promise", KEPT, ids=lambda promise: promise.__name__)
async def test_a_recording_keeps_the_promises_of_engines(promise, tmp_path):
    subject = engine(tmp_path, LONG)

    await promise(
        Subject(engine=subject, expert="recorded", num_in_flight=lambda: 0, max_context=0)
    )


async def test_a_prompt_that_was_not_recorded_is_refused(tmp_path):
    with pytest.raises(NotRecordedError, match=r"'small' to this prompt of 5 .*has 2 prompts"):
        await said(engine(tmp_path), "3+3? ")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"sampling": Sampling(top_logprobs=0)}, "logprobs"),
        ({"structure": Structure(kind="json_object")}, "response_format"),
        ({"prompt": Chat(messages=(), tools=(Tool(name="add"),))}, "tools"),
        ({"prompt": Text(token_ids=(1,))}, "prompt"),
    ],
)
async def test_what_no_recording_can_honour_is_refused(tmp_path, fields, param):
    with pytest.raises(UnsupportedParameterError, match="recorded") as caught:
        await said(engine(tmp_path), **fields)

    assert caught.value.param == param


@pytest.mark.parametrize(
    ("sampling", "texts"),
    [
        pytest.param({}, ["two"], id="the first"),
        pytest.param({"n": 2}, ["two", "it is two"], id="in order"),
        pytest.param({"n": 4}, ["two", "it is two", "2!", "two"], id="again after the last"),
        pytest.param({"seed": 1}, ["it is two"], id="by seed"),
        pytest.param({"seed": -1, "n": 2}, ["2!", "two"], id="from the end"),
    ],
)
async def test_samples_are_given_in_order(tmp_path, sampling, texts):
    assert await said(engine(tmp_path), sampling=Sampling(**sampling)) == texts


async def test_recorded_braces_stand_for_themselves(tmp_path):
    assert await said(engine(tmp_path), "2+2?") == ["four {prompt}"]


async def test_an_empty_answer_ends(tmp_path):
    columns = {"model": ["small"], "prompt": ["x"], "answer": [""]}

    answer = await collect(engine(tmp_path, columns).generate(call("x")))

    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("", "stop")


async def test_a_faulty_file_fails_every_call_by_its_reason(tmp_path):
    subject = engine(tmp_path, model="nobody")

    for _ in range(2):
        with pytest.raises(RegistryError, match="no answers of model 'nobody'"):
            await said(subject)


async def test_a_caller_that_gives_up_while_the_file_is_read_stops_no_other(tmp_path):
    subject = engine(tmp_path)
    impatient = asyncio.create_task(said(subject))
    impatient.cancel()

    await asyncio.gather(impatient, return_exceptions=True)

    assert await said(subject) == ["two"]


async def test_closing_ends_later_calls(tmp_path):
    subject = engine(tmp_path)
    await subject.close()

    with pytest.raises(EngineDeadError, match="closed"):
        await said(subject)
