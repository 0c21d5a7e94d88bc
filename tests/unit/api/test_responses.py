import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from orchestrator.api.response_request import ResponseRequest
from orchestrator.api.response_schema import ResponseObject
from orchestrator.engines.base import Chunk, Delta, TokenLogprob, ToolCall, ToolCallDelta, Usage
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError, OverloadedError
from tests.served import Service, fault

EVENT = TypeAdapter(ResponseStreamEvent)
PATH = "/v1/responses"
TOOL = {"type": "function", "name": "add", "parameters": {"type": "object"}}
CALLED = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "3"}
MADE = ToolCall(id="c1", name="add", arguments='{"a": 1}')


class Chunks(FakeEngine):
    """Answers every call by these chunks."""

    def __init__(self, *chunks: Chunk) -> None:
        super().__init__()
        self._given = chunks

    async def generate(self, call):
        for chunk in self._given:
            yield chunk


async def ask(service: Service, **body):
    return await service.post(PATH, **({"model": "math", "input": "1+1?"} | body))


def whole(response) -> Response:
    """The response, which must be OpenAI's and that of the OpenAPI document."""
    assert response.status_code == 200, response.text
    ResponseObject.model_validate_json(response.content, strict=True)
    return Response.model_validate_json(response.content, strict=True)


def _framed(response) -> list[str]:
    """Events without the comments between them."""
    return [one for one in response.text.split("\n\n")[:-1] if not one.startswith(":")]


def streamed(response) -> list[ResponseStreamEvent]:
    """Every event, each of OpenAI's form, named as its data, and numbered from 0."""
    assert response.status_code == 200, response.text
    found = []
    for number, frame in enumerate(_framed(response)):
        name, data = frame.split("\n")
        event = EVENT.validate_json(data.removeprefix("data: "), strict=True)
        assert name == f"event: {event.type}"
        assert event.sequence_number == number
        found.append(event)
    return found


def kinds(events) -> list[str]:
    return [event.type.removeprefix("response.") for event in events]


async def seen(**body):
    """The call that an engine gets for this body."""
    engine = FakeEngine("ok")
    response = await ask(Service(engine=engine), **body)
    assert response.status_code == 200, response.text
    return engine.calls[0]


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        ({"store": True}, "store", "never stored"),
        ({"previous_response_id": "resp_1"}, "previous_response_id", "whole conversation"),
        ({"previous_response_id": 0}, "previous_response_id", "whole conversation"),
        ({"context_management": False}, "context_management", "never compacted"),
        ({"conversation": "conv_1"}, "conversation", "whole conversation"),
        ({"conversation": {"id": "c"}}, "conversation", "whole conversation"),
        ({"background": True}, "background", "stream it"),
        ({"prompt": {"id": "p"}}, "prompt", "templates"),
        ({"context_management": [{"type": "compaction"}]}, "context_management", "compacted"),
        ({"truncation": "auto"}, "truncation", "never cut"),
        ({"reasoning": {"effort": "low"}}, "reasoning.effort", "how long"),
        ({"text": {"verbosity": "low"}}, "text.verbosity", "in the prompt"),
        ({"stream_options": {}}, "stream_options", "'stream': true"),
        ({"input": []}, "input", "at least 1"),
        ({"input": [{"type": "reasoning", "id": "r", "summary": []}]}, "input", "nothing"),
        ({"input": [RESULT]}, "input[0].call_id", "answers no function_call"),
        ({"input": [{"type": "item_reference", "id": "m"}]}, "input[0]", "item_reference"),
        ({"input": [{"role": "user"}]}, "input[0].content", "required"),
        ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role", "'user'"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]},
         "input[0].content[0]", "input_file"),
        ({"input": [{"role": "system", "content": [
            {"type": "input_image", "image_url": "data:image/png;base64,AA=="}]}]},
         "input[0].content[0]", "not 'system'"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type", "'function'"),
        ({"tools": [TOOL, TOOL]}, "tools[1].name", "twice"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "name": "sub"}}, "tool_choice",
         "not in 'tools'"),
        ({"tool_choice": "required"}, "tool_choice", "with 'tools'"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema",
         "required"),
        ({"temperature": 3}, "temperature", "0 to 2"),
        ({"max_output_tokens": 0}, "max_output_tokens", "at least 1"),
        ({"max_tokens": 3}, "max_tokens", "max_output_tokens"),
        ({"n": 2}, "n", "unknown"),
    ],
)  # fmt: skip
async def test_what_cannot_be_done_as_asked_is_a_400_that_says_why(body, param, message):
    response = await ask(Service(), **body)

    assert response.status_code == 400
    assert message in fault(response)["message"]
    assert fault(response)["param"] == param


async def test_a_text_is_answered():
    response = whole(await ask(Service(engine=FakeEngine("{expert}: {prompt}")), model="auto"))

    assert response.output_text == "math: 1+1?"
    assert (response.status, response.model, response.error) == ("completed", "auto", None)
    assert response.output[0].status == "completed"
    assert response.usage.total_tokens == response.usage.input_tokens + 2


async def test_nothing_is_stored_and_the_answer_says_so():
    response = await ask(Service(), store=False)

    assert response.json()["store"] is False
    assert response.json()["previous_response_id"] is None


async def test_what_was_asked_for_comes_back():
    form = {"type": "json_schema", "name": "sum", "schema": {"type": "object"}, "strict": True}
    asked = {
        "instructions": "be brief", "temperature": 0.5, "top_p": 0.9, "max_output_tokens": 7,
        "metadata": {"k": "v"}, "user": "u1", "tools": [TOOL], "parallel_tool_calls": False,
        "tool_choice": {"type": "function", "name": "add"}, "text": {"format": form},
    }  # fmt: skip

    response = whole(await ask(Service(), **asked))

    assert (response.instructions, response.max_output_tokens) == ("be brief", 7)
    assert (response.temperature, response.top_p) == (0.5, 0.9)
    assert (response.metadata, response.user) == ({"k": "v"}, "u1")
    assert (response.tools[0].name, response.tool_choice.name) == ("add", "add")
    assert response.text.format.schema_ == {"type": "object"}
    assert response.parallel_tool_calls is False


async def test_parameters_left_aside_are_named():
    response = await ask(
        Service(),
        stream=True,
        max_tool_calls=3,
        service_tier="auto",
        reasoning={"summary": "auto"},
        include=["reasoning.encrypted_content", "message.output_text.logprobs"],
        stream_options={"include_obfuscation": True},
        input=[{"role": "user", "content": "hi"}, {"type": "reasoning", "id": "r", "summary": []}],
    )

    assert response.headers["x-orchestrator-ignored"].split(", ") == [
        "service_tier", "max_tool_calls", "reasoning.summary",
        "stream_options.include_obfuscation", "include[reasoning.encrypted_content]",
        "input[].reasoning",
    ]  # fmt: skip


async def test_the_sampling_reaches_the_engine():
    call = await seen(temperature=0.5, top_p=0.9, max_output_tokens=7, top_logprobs=2)

    sampling = call.sampling
    assert (sampling.temperature, sampling.top_p, sampling.max_tokens) == (0.5, 0.9, 7)
    assert sampling.top_logprobs == 2


async def test_instructions_come_first():
    items = [{"role": "developer", "content": "b"}, {"role": "user", "content": "c"}]

    call = await seen(instructions="a", input=items)

    assert [(turn.role, turn.text) for turn in call.prompt.messages] == [
        ("system", "a"),
        ("system", "b"),
        ("user", "c"),
    ]


async def test_calls_belong_to_the_turn_that_made_them():
    said = {"type": "output_text", "text": "let me add", "annotations": []}
    first = {"type": "message", "role": "assistant", "id": "m", "content": [said]}
    other = CALLED | {"call_id": "c2"}
    items = [{"role": "user", "content": "1+2?"}, first, CALLED, other, RESULT]

    call = await seen(input=items, tools=[TOOL])

    user, assistant, tool = call.prompt.messages
    assert user.text == "1+2?"
    assert assistant.text == "let me add"
    assert [made.id for made in assistant.tool_calls] == ["c1", "c2"]
    assert (tool.role, tool.tool_call_id, tool.text) == ("tool", "c1", "3")


async def test_images_reach_an_expert_that_sees():
    image = {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"}
    parts = [{"type": "input_text", "text": "what?"}, image]

    call = await seen(model="painter", input=[{"role": "user", "content": parts}])

    assert call.prompt.messages[0].content[1].url == "data:image/png;base64,AA=="


async def test_a_schema_is_enforced():
    form = {"type": "json_schema", "name": "sum", "schema": {"type": "object"}}

    call = await seen(text={"format": form})

    assert (call.structure.kind, call.structure.name) == ("json_schema", "sum")


async def test_reasoning_comes_before_the_message():
    engine = FakeEngine(script=lambda _: Script(says="two", reasoning="hm"))

    response = whole(await ask(Service(engine=engine)))

    thought, said = response.output
    assert (thought.type, thought.content[0].text, thought.summary) == ("reasoning", "hm", [])
    assert said.content[0].text == "two"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_turn_that_only_calls_functions_has_no_message(stream):
    engine = FakeEngine(script=lambda _: Script(says="", tool_calls=(MADE,)))

    answered = await ask(Service(engine=engine), tools=[TOOL], stream=stream)

    response = streamed(answered)[-1].response if stream else whole(answered)
    ResponseObject.model_validate_json(response.model_dump_json(exclude_unset=True))
    (made,) = response.output
    assert (made.type, made.call_id, made.name) == ("function_call", "c1", "add")
    assert (made.arguments, response.status) == ('{"a": 1}', "completed")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_cut_answer_is_incomplete(stream):
    service = Service(engine=FakeEngine("one two three"))

    answered = await ask(service, max_output_tokens=2, stream=stream)

    if stream:
        events = streamed(answered)
        assert events[-1].type == "response.incomplete"
        response = events[-1].response
    else:
        response = whole(answered)
    assert (response.status, response.incomplete_details.reason) == (
        "incomplete",
        "max_output_tokens",
    )
    assert (response.output_text, response.output[0].status) == ("one two", "incomplete")


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_says_nothing_is_an_empty_message(stream):
    answered = await ask(Service(engine=FakeEngine("")), stream=stream)

    response = streamed(answered)[-1].response if stream else whole(answered)
    assert [item.type for item in response.output] == ["message"]
    assert response.output_text == ""


@pytest.mark.parametrize("stream", [False, True])
async def test_scores_come_on_demand(stream):
    service = Service(engine=FakeEngine("one two"))

    answered = await ask(
        service, include=["message.output_text.logprobs"], top_logprobs=1, stream=stream
    )

    response = streamed(answered)[-1].response if stream else whole(answered)
    scores = response.output[0].content[0].logprobs
    assert [token.token for token in scores] == ["one", " two"]
    assert all(len(token.top_logprobs) == 1 for token in scores)


async def test_a_stream_tells_its_items_in_order():
    events = streamed(await ask(Service(engine=FakeEngine("one two")), stream=True))

    assert kinds(events) == [
        "created", "in_progress", "output_item.added", "content_part.added",
        "output_text.delta", "output_text.delta", "output_text.done", "content_part.done",
        "output_item.done", "completed",
    ]  # fmt: skip
    assert [event.delta for event in events[4:6]] == ["one", " two"]
    assert events[0].response.status == "in_progress"
    assert events[-1].response.output_text == "one two"
    assert events[-1].response.usage.output_tokens == 2


async def test_a_stream_of_every_kind_ends_each_where_the_next_begins():
    chunks = (
        Chunk(deltas=(Delta(reasoning="h"),)),
        Chunk(deltas=(Delta(reasoning="m", text="two"),)),
        Chunk(deltas=(Delta(tool_calls=(ToolCallDelta(index=0, id="c1", name="add"),)),)),
        Chunk(deltas=(Delta(tool_calls=(ToolCallDelta(index=0, arguments="{}"),)),)),
        Chunk(deltas=(Delta(finish_reason="tool_calls"),)),
        Chunk(usage=Usage(prompt_tokens=1, completion_tokens=2)),
    )

    events = streamed(await ask(Service(engine=Chunks(*chunks)), stream=True))

    assert kinds(events) == [
        "created", "in_progress",
        "output_item.added", "content_part.added", "reasoning_text.delta",
        "reasoning_text.delta", "reasoning_text.done", "content_part.done", "output_item.done",
        "output_item.added", "content_part.added", "output_text.delta",
        "output_text.done", "content_part.done", "output_item.done",
        "output_item.added", "function_call_arguments.delta",
        "function_call_arguments.done", "output_item.done",
        "completed",
    ]  # fmt: skip
    assert [item.type for item in events[-1].response.output] == [
        "reasoning", "message", "function_call",
    ]  # fmt: skip


async def test_calls_may_come_interleaved():
    def part(index: int, arguments: str, **begun: str) -> Chunk:
        call = ToolCallDelta(index=index, arguments=arguments, **begun)
        return Chunk(deltas=(Delta(tool_calls=(call,)),))

    chunks = (
        part(0, "{", id="c0", name="add"),
        part(1, "[", id="c1", name="sub"),
        part(0, "}"),
        part(1, "]"),
        Chunk(
            deltas=(Delta(finish_reason="tool_calls"),),
            usage=Usage(prompt_tokens=1, completion_tokens=2),
        ),
    )

    events = streamed(await ask(Service(engine=Chunks(*chunks)), stream=True))

    made = [(item.call_id, item.arguments) for item in events[-1].response.output]
    assert made == [("c0", "{}"), ("c1", "[]")]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_error_before_the_first_token_has_its_own_status(stream):
    service = Service(engine=FakeEngine(fails=OverloadedError("queue full", retry_after_s=2.2)))

    response = await ask(service, stream=stream)

    assert response.status_code == 503
    assert response.headers["retry-after"] == "3"


async def test_an_error_in_the_stream_fails_the_response_with_what_was_said():
    script = Script(says="a b c", fails=EngineDeadError("gone"), fails_at=1)
    service = Service(engine=FakeEngine(script=lambda _: script))

    last = streamed(await ask(service, stream=True))[-1]

    assert (last.type, last.response.status) == ("response.failed", "failed")
    assert (last.response.error.code, last.response.error.message) == ("server_error", "gone")
    assert last.response.output_text == "a b"
    record = await service.last_record()
    assert (record.endpoint, record.status, record.error_code) == (PATH, 503, "engine_dead")


async def test_stored_responses_are_told_apart_from_answers():
    response = await Service().get(f"{PATH}/resp_1")

    assert response.status_code == 404
    assert "not stored" in fault(response)["message"]


@pytest.fixture(scope="module")
async def client():
    """One endpoint for all examples: building it is most of the time of one."""
    async with Service(engine=FakeEngine("ok")).client() as client:
        yield client


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KINDS = ["message", "function_call", "function_call_output", "reasoning", "item_reference"]
items = st.dictionaries(
    st.sampled_from(["type", "role", "content", "call_id", "output", "name", "arguments"]),
    st.sampled_from([*KINDS, "user", "assistant", "c1"]) | documents,
)
bodies = st.dictionaries(st.sampled_from([*ResponseRequest.model_fields, "odd"]), documents)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(body=bodies, given_items=st.lists(items, max_size=3) | st.text())
async def test_no_body_is_ever_a_500(client, body, given_items):
    asked = {"model": "math", "input": given_items, **body}

    response = await client.post(PATH, content=json.dumps(asked).encode())

    assert response.status_code in (200, 400, 404)
    assert response.status_code == 200 or fault(response)["message"]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
scores = st.lists(st.builds(TokenLogprob, token=texts, logprob=st.floats(-9, 0)), max_size=2)
calls = st.builds(
    ToolCallDelta, index=st.integers(0, 2), id=st.just("c"), name=st.just("f"), arguments=texts
)
deltas = st.builds(
    Delta,
    text=texts,
    reasoning=texts,
    tool_calls=st.lists(calls, max_size=2).map(tuple),
    logprobs=scores.map(tuple),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=100)
@given(said=st.lists(deltas, max_size=5), end=st.sampled_from(["stop", "length", "content_filter"]))
async def test_a_stream_adds_up_to_its_last_event(said, end):
    usage = Usage(prompt_tokens=1, completion_tokens=1)
    last = Chunk(deltas=(Delta(finish_reason=end),), usage=usage)
    engine = Chunks(*(Chunk(deltas=(delta,)) for delta in said), last)

    events = streamed(await ask(Service(engine=engine), stream=True))

    output = events[-1].response.output
    done = [event for event in events if event.type == "response.output_item.done"]
    assert [event.item for event in sorted(done, key=lambda e: e.output_index)] == output
    assert events[-1].response.output_text == "".join(delta.text for delta in said)
    told = [e.delta for e in events if e.type == "response.reasoning_text.delta"]
    assert "".join(told) == "".join(delta.reasoning for delta in said)
