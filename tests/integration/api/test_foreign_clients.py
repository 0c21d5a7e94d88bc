"""Clients of others, unchanged, against the endpoint."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import litellm
import pytest
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

from orchestrator.engines.base import ToolCall
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from tests.composed import composed
from tests.merging import merging
from tests.served import running

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
#: See `make .venv/.dev`.
FOREIGN = ROOT / ".venv/foreign"
ASKED = [{"role": "user", "content": "1+1?"}]


@pytest.fixture
async def url():
    async with running(composed(merging())) as url:
        yield url


async def test_litellm_asks_it_as_any_endpoint_of_openai(url):
    given = {
        "model": "openai/refined", "api_base": f"{url}/v1", "api_key": "none", "messages": ASKED,
        "max_retries": 0,
    }  # fmt: skip

    whole = await litellm.acompletion(**given)
    stream = await litellm.acompletion(**given, stream=True)
    parts = [part.choices[0].delta.content or "" async for part in stream]
    blocking = await asyncio.to_thread(litellm.completion, **given)

    assert whole.choices[0].message.content == "it is two"
    assert "".join(parts) == "it is two"
    assert blocking.choices[0].message.content == "it is two"
    assert whole.usage.completion_tokens == 7


async def test_llama_index_asks_it_as_any_endpoint_of_openai(url):
    client = Path(__file__).with_name("llama_index_client.py")
    env = os.environ | {"PYTHONPATH": str(FOREIGN)}

    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-W", "ignore", str(client), url],
        capture_output=True, text=True, env=env, timeout=120,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told.values()) == {"it is two"}
    assert set(told) == {"chat", "complete", "stream", "async"}


class Sum(BaseModel):
    """Add two numbers."""

    left: int
    right: int


async def test_langchain_reads_calls_of_tools_and_structured_output():
    asked = ToolCall(id="t1", name="Sum", arguments='{"left": 1, "right": 2}')
    calling = FakeEngine(script=lambda call: Script(says="", tool_calls=(asked,)))
    async with running(composed(calling)) as url:
        llm = ChatOpenAI(
            model="math", base_url=f"{url}/v1", api_key=SecretStr("none"), max_retries=0
        )
        called = await llm.bind_tools([Sum]).ainvoke("1+2?")
        read = await llm.with_structured_output(Sum, method="function_calling").ainvoke("1+2?")

    assert called.tool_calls[0]["args"] == {"left": 1, "right": 2}
    assert read == Sum(left=1, right=2)
