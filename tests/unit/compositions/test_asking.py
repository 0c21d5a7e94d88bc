"""A role's prompt in the place of the last user turn."""

import pytest

from orchestrator.compositions.asking import alone, asked, message_of, restated
from orchestrator.engines.base import Chat, ImagePart, Message, TextPart, Tool
from orchestrator.errors import PromptError
from orchestrator.prompts.template import parse

JUDGE = parse(
    "---\nrole: judge\nvariables: [message, candidate]\n---\n{{ message }}|{{ candidate }}",
    name="judge.jinja",
)
IMAGE = ImagePart(url="data:image/png;base64,x")


def turn(role, *parts):
    told = (TextPart(text=part) if isinstance(part, str) else part for part in parts)
    return Message(role=role, content=tuple(told))


def told(*turns, **more):
    return asked(Chat(messages=turns, **more), JUDGE, candidate="so").messages


def test_values_that_no_text_can_be_made_of_are_told():
    template = parse(
        "---\nrole: judge\nvariables: [message]\n---\n{{ message[0] }}", name="judge.jinja"
    )

    with pytest.raises(PromptError, match=r"judge\.jinja:5: "):
        asked(Chat(messages=(turn("user", ""),)), template, candidate="so")


def test_other_turns_stay_so_that_the_conversation_is_seen():
    system, first, said = turn("system", "Be brief."), turn("user", "Hi"), turn("assistant", "Ho")

    turns = told(system, first, said, turn("user", "Why?"))

    assert turns == (system, first, said, turn("user", "Why?|so"))


def test_what_stands_behind_the_last_user_turn_stays():
    begun = turn("assistant", "Because")

    assert told(turn("user", "Why?"), begun) == (turn("user", "Why?|so"), begun)


def test_a_conversation_without_a_user_is_asked_at_its_end():
    assert told(turn("system", "Why?")) == (turn("system", "Why?|so"),)


@pytest.mark.parametrize(
    ("parts", "kept"),
    [
        ((IMAGE, "Who?"), (IMAGE, "Who?|so")),
        (("Who?", IMAGE), ("Who?|so", IMAGE)),
        (("Who", IMAGE, "is it?"), ("Who\nis it?|so", IMAGE)),
        ((IMAGE,), (IMAGE, "|so")),
    ],
    ids=["image first", "image last", "image between", "image alone"],
)
def test_images_of_the_turn_are_kept(parts, kept):
    assert told(turn("user", *parts)) == (turn("user", *kept),)


def test_who_is_asked_in_a_role_calls_no_tools():
    chat = Chat(
        messages=(turn("user", "Why?"),), tools=(Tool(name="look"),), tool_choice="required"
    )

    found = asked(chat, JUDGE, candidate="so")

    assert (found.tools, found.tool_choice) == ((), "auto")


CHAT = Chat(
    messages=(turn("system", "Be brief."), turn("user", "Why?", IMAGE), turn("assistant", "So.")),
    tools=(Tool(name="look"),),
)


def test_another_text_takes_the_place_of_the_last_user_turns():
    assert message_of(CHAT) == "Why?"
    assert restated(CHAT, "How?") == Chat(
        messages=(CHAT.messages[0], turn("user", "How?", IMAGE), CHAT.messages[2])
    )


def test_a_text_alone_keeps_the_images_and_where_it_is_said_what_the_operator_told():
    assert alone(CHAT, "How?").messages == (turn("user", "How?", IMAGE),)
    assert alone(CHAT, "How?", with_system=True).messages == (
        turn("system", "Be brief."), turn("user", "How?", IMAGE),
    )  # fmt: skip


def test_where_no_user_spoke_the_last_turn_is_not_said_twice():
    only = Chat(messages=(turn("system", "Why?"),))

    assert alone(only, "How?", with_system=True).messages == (turn("system", "How?"),)
