from dataclasses import dataclass

import pytest

from orchestrator.engines.base import ToolCallDelta
from orchestrator.engines.choices import ChoiceReader, Parsed, Reading
from orchestrator.engines.spelling import Spelling
from tests.unit.engines.tokens import EOS, byte_tokenizer, ids

TOKENIZER = byte_tokenizer()


@dataclass
class Score:
    logprob: float
    rank: int = 1


def reader(**fields) -> ChoiceReader:
    reading = Reading(
        backend=TOKENIZER,
        spelling=Spelling(TOKENIZER),
        prompt_token_ids=[1],
        stop_token_ids=frozenset({EOS}),
        **fields,
    )
    return ChoiceReader(0, reading)


def tokens(text):
    return ids(TOKENIZER, text)


def test_an_ending_token_counts_but_is_no_text():
    choice = reader()

    delta = choice.read([*tokens("ab"), EOS], end="stop")

    assert (delta.text, delta.finish_reason, choice.num_tokens) == ("ab", "stop", 3)


def test_an_incomplete_character_gives_no_delta():
    assert reader().read(tokens("é")[:1], end=None) is None


def test_a_stop_string_ends_the_choice_before_the_engine_does():
    choice = reader(stops=("c",))

    delta = choice.read(tokens("abcd"), end=None)

    assert (delta.text, delta.finish_reason, choice.is_ended) == ("ab", "stop", True)


def test_what_was_held_back_is_said_at_the_end():
    choice = reader(stops=("bcd",))
    choice.read(tokens("ab"), end=None)

    assert choice.read(tokens("x"), end="length").text == "bx"


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (["xy", "c"], ["xy", "c"]),
        (["a", "é"], ["a", "é"]),
        (["x", "b", "y"], ["x", None, "by"]),
    ],
    ids=["as they come", "of whole characters", "with what was held back"],
)
def test_ids_are_told_with_the_text_that_is_theirs(steps, told):
    choice = reader(tells_ids=True, stops=("bcd",))

    deltas = [choice.read(tokens(step), end=None) for step in steps]

    ids_told = [None if delta is None else delta.token_ids for delta in deltas]
    assert ids_told == [None if text is None else tuple(tokens(text)) for text in told]


def test_ids_of_a_character_wait_for_the_whole_of_it():
    choice = reader(tells_ids=True)
    first, second = tokens("é")

    halves = choice.read([*tokens("a"), first], end=None), choice.read([second], end=None)

    assert [(half.text, half.token_ids) for half in halves] == [
        ("a", ()),
        ("é", (*tokens("a"), first, second)),
    ]


def test_echo_is_said_once():
    choice = reader(echo="prompt ")

    assert [choice.read(tokens(t), end=None).text for t in "ab"] == ["prompt a", "b"]


def test_scores_are_ranked_and_limited_and_leave_the_ending_token_out():
    choice = reader(num_top=2)
    a, b, c = tokens("abc")
    scored = {a: Score(-2.0), b: Score(-1.0), c: Score(-3.0)}

    delta = choice.read([a, EOS], end="stop", logprobs=[scored, {EOS: Score(0.0)}])

    (token,) = delta.logprobs
    assert (token.token, token.logprob) == ("a", -2.0)
    assert [other.token for other in token.top] == ["b", "a"]


class Shouting:
    """A parser that takes everything for reasoning and finds a call at the end."""

    ends_with_tools = True
    num_reasoning_tokens = 1
    skips_special = True

    def choice(self, _prompt_token_ids):
        return self

    def push(self, text, token_ids, *, is_last):
        calls = (ToolCallDelta(index=0, name="f"),) if is_last else ()
        return Parsed(reasoning=text.upper(), tool_calls=calls)

    def whole(self, text, token_ids):
        return Parsed(text=text.upper())


def test_a_parser_says_what_is_reasoning_and_what_a_call():
    choice = reader(parsing=Shouting())

    first, last = choice.read(tokens("a"), end=None), choice.read(tokens("b"), end="stop")

    assert (first.text, first.reasoning, first.finish_reason) == ("", "A", None)
    assert (last.reasoning, last.tool_calls[0].name) == ("B", "f")
    assert last.finish_reason == "tool_calls"


def test_an_answer_that_comes_whole_is_parsed_whole():
    assert reader(parsing=Shouting()).read(tokens("ab"), end="length").text == "AB"
