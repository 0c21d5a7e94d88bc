import math

import orjson
import pytest
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from orchestrator.api.chat_writer import ChatWriter
from orchestrator.api.completion_writer import CompletionWriter
from orchestrator.api.writers import IMPOSSIBLE, Head, finite
from orchestrator.engines.answer import Answer, Choice
from orchestrator.engines.base import Chunk, Delta, TokenLogprob, ToolCall, ToolCallDelta, Usage

HEAD = Head(id="chatcmpl-1", created=1, model="auto", generation=7)
USAGE = Usage(prompt_tokens=3, completion_tokens=2, cached_tokens=1, reasoning_tokens=1)
HI = TokenLogprob(
    token="hi", logprob=-0.5, bytes_=(104, 105), top=(TokenLogprob(token="ho", logprob=-math.inf),)
)


def whole(*choices: Choice) -> ChatCompletion:
    body = ChatWriter(HEAD, has_usage=False).answer(Answer(choices=choices, usage=USAGE))
    return ChatCompletion.model_validate_json(body, strict=True)


def streamed(*chunks: Chunk, has_usage: bool = False) -> list[ChatCompletionChunk]:
    writer = ChatWriter(HEAD, has_usage=has_usage)
    text = b"".join(writer.events(chunk) for chunk in chunks).decode()
    found = [event.removeprefix("data: ") for event in text.split("\n\n")[:-1]]
    return [ChatCompletionChunk.model_validate_json(event, strict=True) for event in found]


def test_an_answer_is_openai_s_object():
    answer = whole(Choice(index=0, text="hi", finish_reason="stop"))

    assert answer.choices[0].message.content == "hi"
    assert answer.system_fingerprint == "generation-7"
    assert answer.usage.total_tokens == 5
    assert answer.usage.prompt_tokens_details.cached_tokens == 1
    assert answer.usage.completion_tokens_details.reasoning_tokens == 1


def test_a_turn_that_only_calls_tools_has_no_content():
    call = ToolCall(id="t1", name="add", arguments="{}")

    answer = whole(Choice(index=0, text="", tool_calls=(call,), finish_reason="tool_calls"))

    assert answer.choices[0].message.content is None
    assert answer.choices[0].message.tool_calls[0].function.name == "add"


def test_impossible_tokens_stay_numbers():
    answer = whole(Choice(index=0, text="hi", logprobs=(HI,), finish_reason="stop"))

    token = answer.choices[0].logprobs.content[0]
    assert (token.token, token.logprob, token.bytes) == ("hi", -0.5, [104, 105])
    assert token.top_logprobs[0].logprob == IMPOSSIBLE


@pytest.mark.parametrize("value", [-math.inf, math.nan, -1e300])
def test_json_has_no_infinity(value):
    assert finite(value) == IMPOSSIBLE


def test_each_choice_of_a_stream_says_its_role_once():
    deltas = (Delta(index=0, text="a"), Delta(index=1, text="b"))

    events = streamed(Chunk(deltas=deltas), Chunk(deltas=(Delta(index=1, text="c"),)))

    assert [event.choices[0].index for event in events] == [0, 1, 1]
    assert [event.choices[0].delta.role for event in events] == ["assistant", "assistant", None]


def test_usage_comes_last_and_alone():
    chunks = (Chunk(deltas=(Delta(text="a"),)), Chunk(usage=USAGE))

    events = streamed(*chunks, has_usage=True)

    assert events[0].usage is None
    assert events[1].choices == []
    assert events[1].usage.completion_tokens == 2


def test_usage_that_nobody_asked_for_stays_out():
    assert streamed(Chunk(usage=USAGE)) == []


def test_a_streamed_tool_call_names_itself_once():
    first = ToolCallDelta(index=0, id="t1", name="add", arguments="")
    then = ToolCallDelta(index=0, arguments='{"a": 1}')

    events = streamed(
        Chunk(deltas=(Delta(tool_calls=(first,)),)), Chunk(deltas=(Delta(tool_calls=(then,)),))
    )

    calls = [event.choices[0].delta.tool_calls[0] for event in events]
    assert (calls[0].id, calls[0].function.name) == ("t1", "add")
    assert (calls[1].id, calls[1].function.arguments) == (None, '{"a": 1}')


def test_reasoning_travels_beside_content():
    event = streamed(Chunk(deltas=(Delta(reasoning="hm"),)))[0]

    assert event.choices[0].delta.reasoning == "hm"


def test_text_offsets_continue_from_event_to_event():
    writer = CompletionWriter(HEAD, has_usage=False)
    delta = Delta(text="hi", logprobs=(HI,), finish_reason="stop")

    events = [orjson.loads(writer.events(Chunk(deltas=(delta,)))[6:]) for _ in range(2)]

    found = [Completion.model_validate(event).choices[0].logprobs for event in events]
    assert [one.text_offset for one in found] == [[0], [2]]
    assert found[0].top_logprobs == [{"ho": IMPOSSIBLE}]
