"""Embedding experts of a hosted provider, by LiteLLM's SDK, over real HTTP."""

import asyncio

import orjson
import pytest
from aiohttp import web

from orchestrator.engines.base import Text
from orchestrator.engines.embedding import EmbedCall
from orchestrator.engines.litellm import LitellmEngine
from orchestrator.errors import (
    BadCredentialsError,
    EngineDeadError,
    EngineTimeoutError,
    OverloadedError,
)
from orchestrator.registry.engine_entry import LitellmEngine as LitellmSpec
from orchestrator.registry.models import Expert
from tests.integration.engines.upstream import serving

pytestmark = pytest.mark.integration

ROWS = [
    {"object": "embedding", "index": 1, "embedding": [0, 1]},
    {"object": "embedding", "index": 0, "embedding": [1, 0]},
]
ANSWER = {"object": "list", "data": ROWS, "usage": {"prompt_tokens": 5, "total_tokens": 5}}


def call(*inputs: Text, **fields) -> EmbedCall:
    given = inputs or (Text(text="a"), Text(text="b"))
    return EmbedCall(id="e", expert="hosted", generation=1, inputs=given, **fields)


def engine(url: str, model: str = "openai/text-embedding-3-small") -> LitellmEngine:
    spec = LitellmSpec(kind="litellm", model=model, base_url=url, task="embed", timeout_s=5)
    return LitellmEngine(Expert(id="hosted", engine=spec), api_key="s3cret")


async def embedded(
    asked: EmbedCall,
    *,
    status: int = 200,
    seen: list | None = None,
    answer=ANSWER,
    model: str = "openai/text-embedding-3-small",
):
    async def handle(request: web.Request) -> web.Response:
        if seen is not None:
            seen.append((request.path, orjson.loads(await request.read()), request.headers))
        return web.json_response(answer, status=status)

    async with serving(handle) as url:
        hosted = engine(url, model)
        try:
            return await hosted.embed(asked)
        finally:
            await hosted.close()


async def test_what_a_known_model_s_vectors_cost_is_counted():
    vectors = await embedded(call())

    # 5 tokens at 0.02 USD a million.
    assert (vectors.num_tokens, vectors.cost_usd) == (5, pytest.approx(5 * 0.02e-6))


async def test_the_provider_of_the_registry_is_asked_with_its_key():
    seen = []

    await embedded(call(), seen=seen)

    ((path, body, headers),) = seen
    assert path == "/v1/embeddings"
    assert (body["model"], body["input"]) == ("text-embedding-3-small", ["a", "b"])
    assert headers["Authorization"] == "Bearer s3cret"


@pytest.mark.parametrize(
    ("status", "error"), [(401, BadCredentialsError), (429, OverloadedError)], ids=str
)
async def test_refusals_are_errors_of_our_tree_without_the_key(status, error):
    with pytest.raises(error) as caught:
        await embedded(call(), status=status, answer={"error": {"message": "no: s3cret"}})

    assert "s3cret" not in caught.value.message


async def test_a_provider_that_takes_too_long_is_given_up():
    async def handle(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(handle) as url:
        hosted = engine(url)
        with pytest.raises(EngineTimeoutError, match="no answer in time"):
            await hosted.embed(call(timeout_s=0.05))
        await hosted.close()


async def test_a_closed_engine_embeds_nothing():
    hosted = engine("http://127.0.0.1:9")
    await hosted.close()

    with pytest.raises(EngineDeadError, match="was closed"):
        await hosted.embed(call())
