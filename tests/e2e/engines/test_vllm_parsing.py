"""vLLM's own parsers on scripted token streams: no model is loaded."""

import pytest

from orchestrator.engines.base import Call, Chat, Chunk, Sampling, Structure, Tool
from orchestrator.engines.choices import ChoiceReader, Reading
from orchestrator.engines.collecting import collect
from orchestrator.engines.spelling import Spelling
from orchestrator.errors import InvalidRequestError, RegistryError, UnsupportedParameterError
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert
from tests.e2e.engines.tiny import EOS, tiny_tokenizer

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]

MARKS = ("<think>", "</think>", "<tool_call>", "</tool_call>")
ADD = Tool(name="add", parameters={"type": "object", "properties": {"a": {"type": "integer"}}})
SUB = Tool(name="sub", parameters={"type": "object", "properties": {}})
CALL_ADD = '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>'
CALL_SUB = '<tool_call>\n{"name": "sub", "arguments": {}}\n</tool_call>'


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer(plain=MARKS)


def parsers(tokenizer, *, tool_parser=None, reasoning_parser=None):
    from orchestrator.engines.vllm_parsing import OutputParsers

    engine = VllmEngine(tool_parser=tool_parser, reasoning_parser=reasoning_parser)
    return OutputParsers(Expert(id="maths", model="maths", engine=engine), tokenizer=tokenizer)


def call(*, tools=(), tool_choice="auto", **fields) -> Call:
    parallel = fields.pop("parallel", True)
    chat = Chat(messages=(), tools=tools, tool_choice=tool_choice, parallel_tool_calls=parallel)
    return Call(id="c", expert="maths", generation=1, prompt=chat, sampling=Sampling(), **fields)


async def read(tokenizer, parsing, text, *, is_streamed):
    """The choice that a model saying `text` gives, token by token or at once."""
    ids = [*tokenizer.encode(text, add_special_tokens=False), EOS]
    backend = tokenizer.backend_tokenizer
    reading = Reading(
        backend=backend,
        spelling=Spelling(backend),
        prompt_token_ids=[65],
        stop_token_ids=frozenset({EOS}),
        parsing=parsing,
    )
    choice = ChoiceReader(0, reading)
    steps = [[token] for token in ids] if is_streamed else [ids]

    async def chunks():
        for place, step in enumerate(steps, 1):
            delta = choice.read(step, end="stop" if place == len(steps) else None)
            if delta is not None:
                yield Chunk(deltas=(delta,))

    return (await collect(chunks())).choices[0], choice


streamed_and_not = pytest.mark.parametrize("is_streamed", [True, False])


@streamed_and_not
async def test_hermes_finds_calls_after_text(tokenizer, is_streamed):
    parsing = parsers(tokenizer, tool_parser="hermes").open(call(tools=(ADD, SUB)))
    says = f"Well. {CALL_ADD}\n{CALL_SUB}"

    choice, _ = await read(tokenizer, parsing, says, is_streamed=is_streamed)

    assert [(made.name, made.arguments) for made in choice.tool_calls] == [
        ("add", '{"a": 1}'),
        ("sub", "{}"),
    ]
    assert choice.text.strip() == "Well."
    assert choice.finish_reason == "tool_calls"
    assert all(made.id for made in choice.tool_calls)


@streamed_and_not
async def test_one_call_is_kept_where_parallel_ones_are_forbidden(tokenizer, is_streamed):
    parsing = parsers(tokenizer, tool_parser="hermes").open(call(tools=(ADD, SUB), parallel=False))

    choice, _ = await read(tokenizer, parsing, CALL_ADD + CALL_SUB, is_streamed=is_streamed)

    assert [made.name for made in choice.tool_calls] == ["add"]


@streamed_and_not
async def test_an_answer_without_a_call_is_text(tokenizer, is_streamed):
    parsing = parsers(tokenizer, tool_parser="hermes").open(call(tools=(ADD,)))

    choice, _ = await read(tokenizer, parsing, "It is 3.", is_streamed=is_streamed)

    assert (choice.text, choice.finish_reason) == ("It is 3.", "stop")


@streamed_and_not
@pytest.mark.parametrize("name", ["qwen3", "deepseek_r1"])
async def test_reasoning_is_told_apart(tokenizer, name, is_streamed):
    parsing = parsers(tokenizer, reasoning_parser=name).open(call())
    says = "<think>hm, so</think>It is 3."

    choice, reader = await read(tokenizer, parsing, says, is_streamed=is_streamed)

    assert (choice.reasoning, choice.text) == ("hm, so", "It is 3.")
    assert reader.num_reasoning_tokens >= len("hm, so")


@streamed_and_not
async def test_reasoning_and_calls_go_together(tokenizer, is_streamed):
    both = parsers(tokenizer, tool_parser="hermes", reasoning_parser="deepseek_r1")
    says = f"<think>add them</think>{CALL_ADD}"

    choice, _ = await read(tokenizer, both.open(call(tools=(ADD,))), says, is_streamed=is_streamed)

    assert choice.reasoning == "add them"
    assert [made.arguments for made in choice.tool_calls] == ['{"a": 1}']


def test_a_forced_choice_puts_a_grammar_on_the_answer(tokenizer):
    hermes = parsers(tokenizer, tool_parser="hermes")

    assert hermes.open(call(tools=(ADD,))).constraint is None
    assert hermes.open(call(tools=(ADD,), tool_choice="required")).constraint is not None
    assert hermes.open(call(tools=(ADD,), tool_choice="function:add")).constraint is not None


def test_tools_that_may_not_be_called_need_no_parser(tokenizer):
    assert parsers(tokenizer).open(call(tools=(ADD,), tool_choice="none")) is None


def test_a_structured_answer_does_not_reason(tokenizer):
    reasoning = parsers(tokenizer, reasoning_parser="deepseek_r1")

    assert reasoning.open(call(structure=Structure(kind="json_object"))) is None


def test_tools_without_a_parser_are_refused_by_the_registrys_key(tokenizer):
    with pytest.raises(UnsupportedParameterError, match=r"'maths' .*engine\.tool_parser"):
        parsers(tokenizer).open(call(tools=(ADD,)))


def test_a_choice_of_an_unknown_tool_is_refused(tokenizer):
    with pytest.raises(InvalidRequestError, match=r"'mul'.*\['add'\]"):
        parsers(tokenizer, tool_parser="hermes").open(
            call(tools=(ADD,), tool_choice="function:mul")
        )


@pytest.mark.parametrize("key", ["tool_parser", "reasoning_parser"])
def test_a_parser_vllm_does_not_know_is_named(tokenizer, key):
    with pytest.raises(RegistryError, match=f"'maths': .*{key}='hermse'"):
        parsers(tokenizer, **{key: "hermse"})
