"""Answers of upstreams whose values are of other types than the protocol promises."""

from copy import deepcopy

import pytest

from orchestrator.engines.base import Chunk, Delta, ToolCallDelta, Usage
from orchestrator.engines.openai_reading import read_answer, read_event
from orchestrator.errors import EngineProtocolError

EVENT = {
    "choices": [
        {
            "index": 0,
            "delta": {
                "content": "hi é",
                "tool_calls": [{"index": 0, "id": "c", "function": {"name": "f"}}],
            },
            "logprobs": {"content": [{"token": "hi", "logprob": -0.5, "bytes": [104]}]},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2},
}
PLACES = {
    "index": ("choices", 0, "index"),
    "content": ("choices", 0, "delta", "content"),
    "call index": ("choices", 0, "delta", "tool_calls", 0, "index"),
    "call id": ("choices", 0, "delta", "tool_calls", 0, "id"),
    "call name": ("choices", 0, "delta", "tool_calls", 0, "function", "name"),
    "arguments": ("choices", 0, "delta", "tool_calls", 0, "function", "arguments"),
    "token": ("choices", 0, "logprobs", "content", 0, "token"),
    "logprob": ("choices", 0, "logprobs", "content", 0, "logprob"),
    "bytes": ("choices", 0, "logprobs", "content", 0, "bytes"),
    "finish reason": ("choices", 0, "finish_reason"),
    "choices": ("choices",),
    "counts": ("usage", "prompt_tokens"),
}


def with_value(place, value):
    event = deepcopy(EVENT)
    here = event
    for key in place[:-1]:
        here = here[key]
    here[place[-1]] = value
    return event


def test_a_sound_event_is_read():
    chunk = read_event(EVENT)

    assert chunk.usage == Usage(prompt_tokens=1, completion_tokens=2)
    assert chunk.deltas[0].text == "hi é"
    assert chunk.deltas[0].tool_calls == (ToolCallDelta(index=0, id="c", name="f"),)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("value", [{"a": 1}, ["a"], True, 2**64, 1.5], ids=str)
def test_a_value_of_another_type_is_the_fault_of_the_upstream(place, value):
    if place == PLACES["logprob"] and value in (2**64, 1.5):
        return  # a number, as it should be

    with pytest.raises(EngineProtocolError, match="malformed"):
        read_event(with_value(place, value))


@pytest.mark.parametrize("place", [PLACES["index"], PLACES["call index"], PLACES["counts"]])
def test_a_place_below_zero_is_the_fault_of_the_upstream(place):
    with pytest.raises(EngineProtocolError, match="malformed"):
        read_event(with_value(place, -1))


def test_half_a_character_is_the_fault_of_the_upstream():
    with pytest.raises(EngineProtocolError, match="malformed"):
        read_event(with_value(PLACES["content"], "half \ud800"))


def test_what_is_null_is_left_out():
    assert read_event({"choices": [{"index": None, "delta": {"content": None}}]}) == Chunk()
    whole = {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}
    assert read_answer(whole, num_choices=1).deltas == (Delta(text="a", finish_reason="stop"),)
