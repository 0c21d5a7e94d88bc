"""Embedding experts of an upstream, over real HTTP."""

import asyncio
import logging

import orjson
import pytest
from aiohttp import web

from orchestrator.engines.base import Text
from orchestrator.engines.embedding import EmbedCall
from orchestrator.engines.openai import OpenAIEngine
from orchestrator.errors import (
    BadCredentialsError,
    ContextTooLongError,
    EngineProtocolError,
    EngineTimeoutError,
    OverloadedError,
)
from orchestrator.registry.engine_entry import OpenAIEngine as OpenAISpec
from orchestrator.registry.models import Expert
from tests.integration.engines.upstream import serving

pytestmark = pytest.mark.integration

USAGE = {"prompt_tokens": 5, "total_tokens": 5}


def row(index: int, *numbers: float) -> dict:
    return {"object": "embedding", "index": index, "embedding": numbers}


def call(*inputs: Text, **fields) -> EmbedCall:
    given = inputs or (Text(text="a"), Text(text="b"))
    return EmbedCall(id="e", expert="remote", generation=1, inputs=given, **fields)


async def embedded(asked: EmbedCall, *, status: int = 200, seen: list | None = None, **answer):
    async def handle(request: web.Request) -> web.Response:
        if seen is not None:
            seen.append((request.path, orjson.loads(await request.read()), request.headers))
        return web.json_response(answer, status=status)

    async with serving(handle) as url:
        spec = OpenAISpec(kind="openai", base_url=url, model="ada", task="embed")
        engine = OpenAIEngine(Expert(id="remote", engine=spec), api_key="s3cret")
        try:
            return await engine.embed(asked)
        finally:
            await engine.close()


async def test_vectors_come_in_the_order_asked_however_they_are_sent():
    vectors = await embedded(call(), data=[row(1, 0, 1), row(0, 1, 0)], usage=USAGE)

    assert vectors.values.tolist() == [[1, 0], [0, 1]]
    assert vectors.num_tokens == 5


async def test_the_upstream_is_asked_by_its_own_name_for_the_model():
    seen = []
    asked = call(Text(text="a"), Text(token_ids=(1, 2)), dimensions=2)

    await embedded(asked, seen=seen, data=[row(0, 1, 0), row(1, 0, 1)], usage=USAGE)

    ((path, body, headers),) = seen
    assert path == "/v1/embeddings"
    assert body == {
        "model": "ada", "input": ["a", [1, 2]], "encoding_format": "float", "dimensions": 2,
    }  # fmt: skip
    assert headers["Authorization"] == "Bearer s3cret"


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        [row(0, 1, 0)],
        [row(0, 1, 0), row(0, 1, 0)],
        [row(0, 1, 0), row(1, 1)],
        [row(0), row(1)],
        [row(0, 1), row(1, 1), row(2, 1)],
        [{"index": 0, "embedding": "AAAA"}, {"index": 1, "embedding": "AAAA"}],
        [{"index": 0, "embedding": [None]}, {"index": 1, "embedding": [1]}],
        [{"embedding": [1]}, {"embedding": [1]}],
        [row(0, 1e39), row(1, 1)],
    ],
    ids=["none", "empty", "too few", "one twice", "lengths differ", "no numbers", "too many",
         "base64", "null", "unnumbered", "infinite"],
)  # fmt: skip
async def test_what_is_not_a_vector_an_input_is_the_upstream_s_fault(data):
    with pytest.raises(EngineProtocolError, match="the upstream's embeddings"):
        await embedded(call(), data=data, usage=USAGE)


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (401, "bad key s3cret", BadCredentialsError),
        (400, "maximum context length is 8192 tokens", ContextTooLongError),
        (429, "slow down", OverloadedError),
    ],
)
async def test_refusals_are_errors_of_our_tree_without_the_key(status, message, error):
    with pytest.raises(error) as caught:
        await embedded(call(), status=status, error={"message": message})

    assert "s3cret" not in caught.value.message


async def test_an_upstream_that_does_not_answer_in_time_is_given_up():
    async def handle(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(handle) as url:
        spec = OpenAISpec(kind="openai", base_url=url, model="ada", task="embed")
        engine = OpenAIEngine(Expert(id="remote", engine=spec))
        with pytest.raises(EngineTimeoutError):
            await engine.embed(call(timeout_s=0.05))
        await engine.close()


async def test_an_upstream_that_does_not_count_is_noted(caplog):
    with caplog.at_level(logging.WARNING):
        vectors = await embedded(call(Text(text="a")), data=[row(0, 1)])

    assert vectors.num_tokens == 0
    assert "its usage is unknown" in caplog.text
