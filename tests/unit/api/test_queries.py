import orjson
import pytest

from orchestrator.api.faults import parse
from orchestrator.api.queries import chat_query, completion_query
from orchestrator.api.requests import ChatRequest, CompletionRequest
from orchestrator.compositions.base import Query
from orchestrator.engines.base import (
    ImagePart,
    Message,
    Sampling,
    Structure,
    Text,
    TextPart,
    Tool,
    ToolCall,
)
from orchestrator.errors import InvalidRequestError, RequestError, UnsupportedParameterError

USER = {"role": "user", "content": "hi"}
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}


def chat(*messages: dict, **more) -> Query:
    body = {"model": "auto", "messages": messages or [USER], **more}
    return chat_query(parse(ChatRequest, orjson.dumps(body)), call_id="c1")


def completion(prompt: object, **more) -> Query:
    body = {"model": "math", "prompt": prompt, **more}
    return completion_query(parse(CompletionRequest, orjson.dumps(body)), call_id="c1")


def test_every_sampling_parameter_arrives():
    query = chat(
        n=2,
        stop=["a", "b"],
        seed=5,
        temperature=0.5,
        top_p=0.9,
        max_completion_tokens=7,
        logprobs=True,
        top_logprobs=3,
        presence_penalty=1,
        frequency_penalty=-1,
        logit_bias={"12": -5},
    )

    assert query.sampling == Sampling(
        n=2,
        stop=("a", "b"),
        seed=5,
        temperature=0.5,
        top_p=0.9,
        max_tokens=7,
        top_logprobs=3,
        presence_penalty=1.0,
        frequency_penalty=-1.0,
        logit_bias={12: -5.0},
    )


def test_a_developer_is_a_system():
    assert chat({"role": "developer", "content": "be brief"}).prompt.messages[0].role == "system"


def test_parts_become_text_and_images():
    image = {"type": "image_url", "image_url": {"url": "https://a/b.png", "detail": "low"}}
    content = [{"type": "text", "text": "see"}, image]

    message = chat({"role": "user", "content": content}).prompt.messages[0]

    assert message.content == (TextPart(text="see"), ImagePart(url="https://a/b.png", detail="low"))


def test_a_conversation_with_tools_arrives_whole():
    call = {"id": "t1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    query = chat(
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t1", "content": "3"},
        tools=[TOOL],
        tool_choice={"type": "function", "function": {"name": "add"}},
        parallel_tool_calls=False,
    )

    assert query.prompt.tools == (Tool(name="add", parameters={"type": "object"}),)
    assert query.prompt.tool_choice == "function:add"
    assert not query.prompt.parallel_tool_calls
    assert query.prompt.messages[1:] == (
        Message(role="assistant", tool_calls=(ToolCall(id="t1", name="add", arguments="{}"),)),
        Message(role="tool", content=(TextPart(text="3"),), tool_call_id="t1"),
    )


def test_an_answer_of_ours_can_be_sent_back():
    answer = {"role": "assistant", "content": "2", "refusal": None, "reasoning": "1+1 is 2"}

    assert chat(USER, answer, USER).prompt.messages[1].text == "2"


@pytest.mark.parametrize(
    ("form", "structure"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, Structure(kind="json_object")),
        (
            {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}},
            Structure(kind="json_schema", schema={"type": "object"}, name="s"),
        ),
    ],
    ids=["text", "object", "schema"],
)
def test_a_response_format_becomes_a_structure(form, structure):
    assert chat(response_format=form).structure == structure


CONTRADICTIONS = {
    "two limits": ({"max_tokens": 1, "max_completion_tokens": 2}, "max_tokens"),
    "alternatives alone": ({"top_logprobs": 2}, "top_logprobs"),
    "usage unstreamed": ({"stream_options": {"include_usage": True}}, "stream_options"),
    "choice without tools": ({"tool_choice": "required"}, "tool_choice"),
    "parallel without tools": ({"parallel_tool_calls": True}, "parallel_tool_calls"),
    "unknown tool": (
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "sub"}}},
        "tool_choice",
    ),
    "same tool twice": ({"tools": [TOOL, TOOL]}, "tools[1].function.name"),
    "bias of a word": ({"logit_bias": {"hello": 1}}, "logit_bias"),
    "endless token id": ({"logit_bias": {"9" * 5000: 1}}, "logit_bias"),
}


@pytest.mark.parametrize(("more", "param"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_contradictions_are_refused_by_name(more, param):
    with pytest.raises(InvalidRequestError) as caught:
        chat(**more)

    assert caught.value.param == param


IMAGE = [{"type": "image_url", "image_url": {"url": "https://a/b.png"}}]
BAD_TURNS = {
    "tool without id": ({"role": "tool", "content": "3"}, "messages[0].tool_call_id"),
    "silent user": ({"role": "user"}, "messages[0].content"),
    "silent assistant": ({"role": "assistant", "content": None}, "messages[0].content"),
    "calling user": (
        {
            "role": "user",
            "content": "x",
            "tool_calls": [{"id": "1", "function": {"name": "a", "arguments": ""}}],
        },
        "messages[0].tool_calls",
    ),
    "painting system": ({"role": "system", "content": IMAGE}, "messages[0].content[0]"),
}


@pytest.mark.parametrize(("message", "param"), BAD_TURNS.values(), ids=BAD_TURNS)
def test_a_turn_must_have_what_its_role_needs(message, param):
    with pytest.raises(InvalidRequestError) as caught:
        chat(message)

    assert caught.value.param == param


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("hi", Text(text="hi")),
        (["hi"], Text(text="hi")),
        ([1, 2], Text(token_ids=(1, 2))),
        ([[1, 2]], Text(token_ids=(1, 2))),
    ],
    ids=["text", "one text", "ids", "one list of ids"],
)
def test_a_prompt_comes_in_four_forms(prompt, text):
    assert completion(prompt).prompt == text


@pytest.mark.parametrize("prompt", [[], [[]], ["a", "b"], [[1], [2]]], ids=repr)
def test_none_or_many_prompts_are_refused(prompt):
    with pytest.raises(RequestError) as caught:
        completion(prompt)

    assert caught.value.param == "prompt"


def test_logprobs_of_an_echoed_prompt_are_refused():
    with pytest.raises(UnsupportedParameterError, match="'logprobs' with 'echo'"):
        completion("a", echo=True, logprobs=1)


def test_completions_count_alternatives_in_logprobs():
    assert completion("a", logprobs=0).sampling.top_logprobs == 0
