"""Clients of others, unchanged, against the endpoint."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel, SecretStr

from orchestrator.engines.base import Call, Text, ToolCall
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.fake_vectors import fake_vector
from orchestrator.engines.scripts import Script
from tests.composed import composed
from tests.merging import merging
from tests.served import Service, running

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
#: See `make .venv/.dev`.
FOREIGN = ROOT / ".venv/foreign"


TEXT = "one two"
VECTOR = fake_vector(Text(text=TEXT)).tolist()
CALLED = ToolCall(id="t1", name="Sum", arguments='{"left": 1, "right": 2}')


@pytest.fixture
async def url():
    async with running(composed(merging())) as url:
        yield url


@asynccontextmanager
async def connections() -> AsyncIterator[dict[str, Any]]:
    """What LangChain is to ask by: its own connections nobody closes."""
    async with httpx.AsyncClient() as awaited:
        with httpx.Client() as blocking:
            yield {"http_client": blocking, "http_async_client": awaited}


@asynccontextmanager
async def langchain_of(script: Callable[[Call], Script] | Script) -> AsyncIterator[ChatOpenAI]:
    """LangChain's client of a service whose experts say this."""
    engine = FakeEngine(script=script if callable(script) else lambda call: script)
    async with running(composed(engine)) as url, connections() as connected:
        yield ChatOpenAI(
            model="math", base_url=f"{url}/v1", api_key=SecretStr("none"), max_retries=0,
            **connected,
        )  # fmt: skip


async def test_litellm_and_its_router_ask_it_as_any_endpoint_of_openai(url, embedder):
    told = await told_by("litellm_client.py", url, embedder, LITELLM_LOCAL_MODEL_COST_MAP="True")

    for chats in (told["chats"], told["chats of a router"]):
        assert set(chats.values()) == {"it is two"}
        assert set(chats) >= {"awaited", "blocking", "streamed"}
    assert told["completion_tokens"] == 7
    assert list(told["vectors"].values()) == [pytest.approx(VECTOR)] * 4


async def told_by(client: str, *urls: str, **env: str) -> dict:
    """What a program beside this file has read."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-W", "ignore", str(Path(__file__).with_name(client)), *urls],
        capture_output=True, text=True, env=os.environ | env, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def test_llama_index_asks_it_as_any_endpoint_of_openai(url, embedder):
    told = await told_by("llama_index_client.py", url, embedder, PYTHONPATH=str(FOREIGN))

    vectors = [told.pop(name) for name in ("embedded", "queried", "embedded_async")]
    assert set(told.values()) == {"it is two"}
    assert set(told) == {"chat", "complete", "stream", "async"}
    assert vectors == [pytest.approx(VECTOR)] * 3


class Sum(BaseModel):
    """Add two numbers."""

    left: int
    right: int


async def test_langchain_reads_calls_of_tools_and_structured_output():
    async with langchain_of(Script(says="", tool_calls=(CALLED,))) as llm:
        called = await llm.bind_tools([Sum]).ainvoke("1+2?")
        read = await llm.with_structured_output(Sum, method="function_calling").ainvoke("1+2?")

    assert called.tool_calls[0]["args"] == {"left": 1, "right": 2}
    assert read == Sum(left=1, right=2)


async def test_langchain_adds_up_the_calls_of_tools_that_are_streamed():
    async with langchain_of(Script(says="", tool_calls=(CALLED,))) as llm:
        tooled = llm.bind_tools([Sum])
        parts = [part async for part in tooled.astream("1+2?")]
        blocking = await asyncio.to_thread(lambda: list(tooled.stream("1+2?")))

    for whole in (sum(parts[1:], parts[0]), sum(blocking[1:], blocking[0])):
        (call,) = whole.tool_calls
        assert (call["id"], call["name"], call["args"]) == ("t1", "Sum", {"left": 1, "right": 2})


async def test_langchain_goes_on_with_what_a_tool_said():
    def script(call):
        told = call.prompt.messages[-1].role == "tool"
        return Script(says="it is three") if told else Script(says="", tool_calls=(CALLED,))

    async with langchain_of(script) as llm:
        tooled = llm.bind_tools([Sum])
        called = await tooled.ainvoke("1+2?")
        said = await tooled.ainvoke(
            [HumanMessage("1+2?"), called, ToolMessage("3", tool_call_id="t1")]
        )

    assert said.content == "it is three"


# Of OpenAI's own model of an answer, which LangChain writes with what it was parsed to.
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
async def test_langchain_reads_answers_that_were_held_to_a_schema(method):
    async with langchain_of(Script(says='{"left": 1, "right": 2}')) as llm:
        structured = llm.with_structured_output(Sum, method=method)
        whole = await structured.ainvoke("1+2? As JSON.")
        streamed = [part async for part in structured.astream("1+2? As JSON.")]
        blocking = await asyncio.to_thread(structured.invoke, "1+2? As JSON.")

    assert [whole, streamed[-1], blocking] == [Sum(left=1, right=2)] * 3


async def test_langchain_asks_many_at_once_and_counts_their_tokens():
    async with langchain_of(Script(says="it is two")) as llm:
        several = await llm.abatch(["1+1?", "0+2?", "3-1?"])
        blocking = await asyncio.to_thread(llm.batch, ["1+1?", "0+2?"])
        streamed = [part async for part in llm.astream("1+1?", stream_usage=True)]

    assert [one.content for one in [*several, *blocking]] == ["it is two"] * 5
    assert several[0].usage_metadata["output_tokens"] == 3
    assert sum(streamed[1:], streamed[0]).usage_metadata["output_tokens"] == 3


@pytest.fixture
async def embedder():
    async with running(Service()) as url:
        yield f"{url}/v1"


async def test_langchain_embeds_texts_as_they_are(embedder):
    # Without, it sends tokens of a vocabulary that is OpenAI's.
    async with connections() as connected:
        embeddings = OpenAIEmbeddings(
            model="vectors", base_url=embedder, api_key=SecretStr("none"),
            check_embedding_ctx_length=False, **connected,
        )  # fmt: skip
        several = await embeddings.aembed_documents([TEXT, "six"])
        blocking = await asyncio.to_thread(embeddings.embed_query, TEXT)

    assert several[0] == blocking == pytest.approx(VECTOR)
    assert len(several) == 2
