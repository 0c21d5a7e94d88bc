"""`orchestrator fit task` has a service asked what the outcomes lack."""

import asyncio
import sys

import pytest

from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script, last_user_text
from orchestrator.registry.loader import load
from tests.served import Service, running
from tests.unit.routers.small import write_lines

pytestmark = pytest.mark.integration

ROWS = [{"id": f"q{i}", "prompt": f"{i} + 1?", "gold": i + 1, "grader": "number"} for i in range(8)]
REGISTRY = """\
experts:
  - {id: math, engine: {kind: fake}}
  - {id: plain, engine: {kind: fake}}
"""


def adds_or_guesses(call):
    number = int(last_user_text(call).split()[0])
    return Script(says=f"{number + 1 if call.expert == 'math' or number == 0 else 0}.")


async def test_examples_are_asked_ranked_and_written(tmp_path):
    examples = write_lines(tmp_path / "examples.jsonl", *ROWS)
    registry, outcomes = tmp_path / "experts.yaml", tmp_path / "outcomes.jsonl"
    registry.write_text(REGISTRY)
    async with running(Service(engine=FakeEngine(script=adds_or_guesses))) as url:
        command = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "orchestrator.cli.main", "fit", "task", "--name", "adding",
            "--examples", str(examples), "--outcomes", str(outcomes),
            "--registry", str(registry), "--url", url, "--guess-share", "0.1",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        told, err = await command.communicate()

    assert command.returncode == 0, err.decode()
    assert "callers ask for model 'adding'" in " ".join(told.decode().split())
    written = load(registry)
    assert list(written.routers["adding"].experts) == ["math"]
    assert written.compositions["adding"].router == "adding"
