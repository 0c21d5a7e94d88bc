"""docs/examples/agent.md with a model that does call tools."""

import asyncio
import os
import subprocess
import sys

import pytest

from orchestrator.engines.base import Call, Chat, ToolCall
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from tests.composed import composed
from tests.page_blocks import ROOT, blocks_of
from tests.served import running

pytestmark = pytest.mark.integration

(PROGRAM,) = (
    block.text for block in blocks_of(ROOT / "docs/examples/agent.md") if block.mark == "file"
)
#: What the model asks for, one after the other; the third is no arithmetic.
ASKED = (("in_stock", '{"item": "pear"}'), ("calculate", '{"expression": "12 + 3"}'),
         ("calculate", '{"expression": "exit()"}'))  # fmt: skip


def stepping(call: Call) -> Script:
    assert isinstance(call.prompt, Chat)
    results = [message.text for message in call.prompt.messages if message.role == "tool"]
    if len(results) == len(ASKED):
        return Script(says=" | ".join(results))
    name, arguments = ASKED[len(results)]
    return Script(
        says="", tool_calls=(ToolCall(id=f"t{len(results)}", name=name, arguments=arguments),)
    )


async def test_the_loop_gives_results_of_tools_back_and_tells_the_model_what_failed(tmp_path):
    async with running(composed(FakeEngine(script=stepping))) as url:
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", PROGRAM, "How many?"],
            capture_output=True, text=True, timeout=60, cwd=tmp_path,
            env=os.environ | {"ORCHESTRATOR_URL": url, "MODEL": "math", "NO_PROXY": "127.0.0.1"},
        )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "12 | 15 | error: 'exit()' is no arithmetic"
    assert done.stderr.count("math") == 4
