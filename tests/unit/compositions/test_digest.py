from hypothesis import given
from hypothesis import strategies as st

from orchestrator.compositions.digest import MAX_CHARS, digest
from orchestrator.engines.base import Chat, ImagePart, Message, Role, Text, TextPart


def turn(role: Role, text: str) -> Message:
    return Message(role=role, content=(TextPart(text=text),))


def test_the_last_user_turn_decides():
    chat = Chat(
        messages=(
            turn("system", "You are terse."),
            turn("user", "What is the capital of France?"),
            turn("assistant", "Paris."),
            turn("user", "Write the number 14 in Roman numerals."),
        )
    )

    assert digest(chat) == "Write the number 14 in Roman numerals."


def test_a_short_follow_up_brings_the_question_before_it():
    chat = Chat(
        messages=(
            turn("user", "What is the capital of France?"),
            turn("assistant", "Paris."),
            turn("user", "And of Spain?"),
        )
    )

    assert digest(chat) == "What is the capital of France?\nAnd of Spain?"


def test_without_a_user_every_turn_counts():
    chat = Chat(messages=(turn("system", "Translate."), turn("assistant", "What?")))

    assert digest(chat) == "Translate.\nWhat?"


def test_an_image_alone_leaves_nothing_to_read():
    chat = Chat(messages=(Message(role="user", content=(ImagePart(url="https://a/b.png"),)),))

    assert digest(chat) == ""


def test_long_text_keeps_its_head_and_its_tail():
    text = "Translate into French: " + "x" * MAX_CHARS + " - thank you"

    found = digest(Text(text=text))

    assert len(found) == MAX_CHARS
    assert found.startswith("Translate into French")
    assert found.endswith("thank you")


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), st.text()), min_size=1))
def test_no_conversation_exceeds_the_bound(turns):
    chat = Chat(messages=tuple(turn(role, text * 50) for role, text in turns))

    assert len(digest(chat)) <= MAX_CHARS
