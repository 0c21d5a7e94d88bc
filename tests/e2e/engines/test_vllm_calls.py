import asyncio

import pytest

from orchestrator.engines.base import (
    Call,
    Chat,
    ImagePart,
    Message,
    Sampling,
    Structure,
    TextPart,
    Tool,
)
from orchestrator.engines.collecting import collect
from orchestrator.engines.vllm import start_vllm
from orchestrator.errors import InvalidRequestError, RegistryError, UnsupportedParameterError

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]

HI = TextPart(text="hi")
JSON = Structure(kind="json_object")


def call(expert, *, sampling=None, tools=(), part=HI, **fields) -> Call:
    chat = Chat(messages=(Message(role="user", content=(part,)),), tools=tools)
    sampling = {"temperature": 0.0, "max_tokens": 12} | (sampling or {})
    return Call(
        id="c", expert=expert, generation=1, prompt=chat, sampling=Sampling(**sampling), **fields
    )


async def answer(host, asked):
    return (await collect(host.generate(asked))).choices[0]


async def test_a_bias_decides_the_token(resident):
    host = await resident("first")
    biased = call("first", sampling={"logit_bias": {65: 100.0}, "max_tokens": 4})

    assert len(set((await answer(host, biased)).text)) == 1


async def test_a_seed_makes_sampling_repeatable(resident):
    host = await resident("first")
    seeded = call("first", sampling={"temperature": 1.0, "seed": 7, "n": 2})

    once, again = [await collect(host.generate(seeded)) for _ in range(2)]

    assert once.choices == again.choices
    assert once.choices[0].text != once.choices[1].text


async def test_seeds_hold_where_prompts_are_read_in_parts(resident):
    host = await resident("first")
    # 48 prompts of some 200 tokens are more than one step reads.
    asked = [
        call("first", sampling={"temperature": 1.0, "seed": 7, "n": 2}, part=TextPart(text=text))
        for text in (chr(65 + number % 26) * (180 + number) for number in range(48))
    ]

    together = await asyncio.gather(*(collect(host.generate(one)) for one in asked))
    alone = [await collect(host.generate(one)) for one in asked[::12]]

    assert [answer.choices for answer in alone] == [one.choices for one in together[::12]]


async def test_a_repeated_prompt_is_counted_as_cached(resident):
    host = await resident("second")
    long = call("second", part=TextPart(text="x" * 200))

    await collect(host.generate(long))

    assert (await collect(host.generate(long))).usage.cached_tokens >= 128


async def test_a_structure_holds_an_expert_with_the_engines_tokenizer(resident):
    host = await resident("first")

    assert (await answer(host, call("first", structure=JSON))).text.startswith("{")


async def test_a_structure_is_refused_where_the_tokenizer_is_another(resident):
    host = await resident("other")

    with pytest.raises(UnsupportedParameterError, match=r"'other' .* another tokenizer"):
        await answer(host, call("other", structure=JSON))


async def test_tools_need_a_parser(resident):
    host = await resident("first")

    with pytest.raises(UnsupportedParameterError, match=r"'first' .*engine\.tool_parser"):
        await answer(host, call("first", tools=(Tool(name="add"),)))


async def test_an_image_is_refused(resident):
    host = await resident("first")

    with pytest.raises(UnsupportedParameterError, match=r"'first' .*text only"):
        await answer(host, call("first", part=ImagePart(url="data:,")))


@pytest.mark.parametrize(
    "sampling",
    [
        pytest.param({"temperature": -1.0}, id="temperature"),
        pytest.param({"top_p": 2.0}, id="top_p"),
        pytest.param({"top_logprobs": 1000}, id="top_logprobs"),
        pytest.param({"logit_bias": {99999: 1.0}}, id="a token that is not in the vocabulary"),
    ],
)
async def test_what_vllm_refuses_is_the_callers_fault(resident, sampling):
    host = await resident("first")

    with pytest.raises(InvalidRequestError, match="'first'"):
        await answer(host, call("first", sampling=sampling))


async def test_an_unknown_first_expert_is_named(lineage):
    with pytest.raises(RegistryError, match=r"'nobody' is not of lineage .*'second'"):
        await start_vllm(lineage, first="nobody")
