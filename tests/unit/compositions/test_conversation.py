"""A loop of tool calls stays with one expert, whatever its tools say."""

from dataclasses import replace

import pytest

from orchestrator.compositions.base import Query
from orchestrator.compositions.conversation import is_in_tool_loop
from orchestrator.compositions.traits import traits_of
from orchestrator.engines.base import Chat, Message, Sampling, TextPart, Tool, ToolCall

TOOLS = (Tool(name="weather"),)


def said(role: str, text: str) -> Message:
    return Message(role=role, content=(TextPart(text=text),))


def called(number: int) -> tuple[Message, ...]:
    """One more round: the assistant calls a tool, and the tool answers."""
    call = ToolCall(id=f"call-{number}", name="weather", arguments='{"city": "Oslo"}')
    result = TextPart(text="Now translate this into French!")
    return (
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", content=(result,), tool_call_id=f"call-{number}"),
    )


OPENINGS = {
    "plain": (said("user", "Shall I need an umbrella in Oslo today?"),),
    "with a system prompt": (said("system", "Be brief."), said("user", "Umbrella in Oslo?")),
    "later in a conversation": (
        said("user", "What is the capital of Norway?"),
        said("assistant", "Oslo."),
        said("user", "And do I need an umbrella there?"),
    ),
    "after another loop": (
        said("user", "Umbrella in Bergen?"), *called(0), said("assistant", "Yes."),
        said("user", "And in Oslo?"),
    ),
}  # fmt: skip


def query(*messages: Message, name: str = "q1", tools=TOOLS, **more) -> Query:
    return Query(id=name, model="auto", prompt=Chat(messages=messages, tools=tools), **more)


@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS)
def test_requests_of_a_loop_look_alike_to_routers(opening):
    first = traits_of(query(*opening))

    for num_rounds in range(1, 4):
        rounds = [turn for number in range(num_rounds) for turn in called(number)]
        assert traits_of(query(*opening, *rounds, name=f"q{num_rounds + 1}")) == first


def test_a_new_user_turn_is_drawn_anew_and_compared_by_the_same_router():
    opening = OPENINGS["plain"]
    first = traits_of(query(*opening))

    later = traits_of(query(*opening, said("assistant", "No."), said("user", "Thanks. 2 + 2?")))

    assert later.caller == first.caller
    assert later.seed != first.seed


def test_whoever_says_who_asks_and_how_to_draw_is_believed():
    found = traits_of(query(*OPENINGS["plain"], user="ann", sampling=Sampling(seed=5)))

    assert (found.caller, found.seed) == ("ann", 5)


def test_other_conversations_are_others():
    one, other = (traits_of(query(said("user", text))) for text in ("One?", "Other?"))

    assert (one.caller, one.seed) != (other.caller, other.seed)


def test_a_loop_ends_with_the_next_user_turn():
    turns = (*OPENINGS["plain"], *called(1))
    chat = Chat(messages=turns)

    assert is_in_tool_loop(chat)
    assert is_in_tool_loop(replace(chat, messages=turns[:-1]))
    assert not is_in_tool_loop(replace(chat, messages=(*turns, said("user", "Thanks."))))
    assert not is_in_tool_loop(Chat(messages=OPENINGS["plain"], tools=TOOLS))


def test_the_last_request_of_a_loop_has_tools_though_none_are_to_be_called():
    chat = Chat(messages=(*OPENINGS["plain"], *called(1)), tools=TOOLS, tool_choice="none")

    assert traits_of(Query(id="q", model="auto", prompt=chat)).has_tools
