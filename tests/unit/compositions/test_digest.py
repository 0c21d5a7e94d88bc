import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.compositions.digest import FOLLOW_UP_CHARS, MAX_CHARS, SHORT_CHARS, digest
from orchestrator.engines.base import Chat, ImagePart, Message, Role, Text, TextPart, ToolCall

CAPITAL = "What is the capital of France?"


def turn(role: Role, text: str) -> Message:
    return Message(role=role, content=(TextPart(text=text),))


def asked(*said: str) -> Chat:
    """What a user said, each turn answered but the last."""
    turns = [one for text in said for one in (turn("user", text), turn("assistant", "Well."))]
    return Chat(messages=tuple(turns[:-1]))


def test_the_last_user_turn_decides():
    chat = asked(CAPITAL, "Write the number 14 in Roman numerals.")

    assert digest(chat) == ("Write the number 14 in Roman numerals.",)


FOLLOW_UPS = [
    "And of Spain?", "and 72?", "What about Germany?", "How about the largest one?",
    "Same for Italy, please.", "Now for 45.", "Another one: Peru", "Can you check that again?",
    "Are you sure?", "the next one", "- or Portugal", "What else?", "please use metres instead",
]  # fmt: skip


@pytest.mark.parametrize("text", FOLLOW_UPS)
def test_a_turn_that_points_back_is_read_after_the_turn_that_began_its_topic(text):
    assert digest(asked(CAPITAL, text)) == (f"{CAPITAL}\n{text}",)


def test_follow_ups_of_follow_ups_go_back_to_the_same_turn():
    chat = asked("Sort 3 1 2 for me, please.", CAPITAL, "And of Spain?", "what about Peru?", "and?")

    assert digest(chat) == (f"{CAPITAL}\nand?",)


def test_a_short_turn_that_does_not_point_back_is_read_alone_first():
    assert digest(asked(CAPITAL, "2 + 2?")) == ("2 + 2?", f"{CAPITAL}\n2 + 2?")
    assert digest(asked(CAPITAL, "Und Spanien?"))[1] == f"{CAPITAL}\nUnd Spanien?"


def test_a_new_topic_stands_for_itself_even_where_it_begins_like_a_follow_up():
    longer = "And now something else: write 14 in Roman numerals."

    assert len(longer) > FOLLOW_UP_CHARS
    assert digest(asked(CAPITAL, longer)) == (longer,)


def test_nothing_stands_before_a_first_turn():
    assert digest(asked("And of Spain?")) == ("And of Spain?",)


def test_where_every_turn_before_is_short_the_newest_is_the_topic():
    assert digest(asked("Hi", "2 + 2?", "and 3 + 3?")) == ("2 + 2?\nand 3 + 3?",)


def test_the_system_prompt_is_read_where_the_last_turn_leaves_doubt():
    chat = Chat(messages=(turn("system", "Put it into French."), turn("user", "dog")))

    assert digest(chat) == ("dog", "Put it into French.\ndog")


def test_what_assistants_and_tools_say_is_never_read():
    call = ToolCall(id="1", name="search", arguments='{"q": "SECRET"}')
    turns = (
        turn("user", CAPITAL),
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", content=(TextPart(text="SECRET"),), tool_call_id="1"),
        turn("assistant", "SECRET"),
        turn("user", "why?"),
    )

    texts = digest(Chat(messages=turns))

    assert len(texts) == 2
    assert not any("SECRET" in text for text in texts)


def test_without_a_user_every_turn_counts():
    chat = Chat(messages=(turn("system", "Translate."), turn("assistant", "What?")))

    assert digest(chat) == ("Translate.\nWhat?",)


def test_an_image_alone_leaves_nothing_to_read_but_what_it_follows():
    image = Message(role="user", content=(ImagePart(url="https://a/b.png"),))

    assert digest(Chat(messages=(image,))) == ("",)
    assert digest(Chat(messages=(turn("user", CAPITAL), image))) == ("", f"{CAPITAL}\n")


def test_long_text_keeps_its_head_and_its_tail():
    text = "Translate into French: " + "x" * MAX_CHARS + " - thank you"

    (found,) = digest(Text(text=text))

    assert len(found) == MAX_CHARS
    assert found.startswith("Translate into French")
    assert found.endswith("thank you")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["system", "user", "assistant"]), st.text(), st.sampled_from([1, 3000])
        ),
        min_size=1,
    )
)
def test_no_conversation_exceeds_the_bound(turns):
    chat = Chat(messages=tuple(turn(role, text * times) for role, text, times in turns))

    texts = digest(chat)

    assert 1 <= len(texts) <= 3
    assert max(map(len, texts)) <= MAX_CHARS


def test_only_turns_under_the_bound_are_short():
    text = "x" * SHORT_CHARS

    assert digest(asked(CAPITAL, text)) == (text,)
    assert len(digest(asked(CAPITAL, text[1:]))) == 2
