"""Every example of docs/batches.md about `orchestrator batch run` is run as it stands there."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from orchestrator.engines.fake import FakeEngine
from tests.buckets import bucket
from tests.integration.cli.bulk_runs import Echoes, lines_of
from tests.served import Service, running
from tests.unit.service.bulk.inputs import line, write_jsonl, write_registry

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
(PART,) = re.findall(
    r"^## Larger than memory\n(.*?)(?=^## |\Z)",
    (ROOT / "docs/batches.md").read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)
FOLDERS, BUCKETS = re.findall(r"```console\n(.*?)```", PART, re.S)
(WRITING,) = re.findall(r"```python\n(.*?)```", PART, re.S)
S3 = "http://127.0.0.1:9000"


async def run(folder, *program, url):
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ours = {"PATH": programs, "PYTHONPATH": str(ROOT), "ORCHESTRATOR_URL": url}
    process = await asyncio.create_subprocess_exec(
        *program, cwd=folder, env={**os.environ, **ours, "NO_PROXY": "127.0.0.1"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


def script(block):
    commands = [one.removeprefix("$ ") for one in block.splitlines()]
    return "\n".join(["set -euo pipefail", *commands])


async def test_every_example_of_folders_ends_well(tmp_path):
    write_registry(tmp_path)
    write_jsonl(tmp_path / "questions/a.jsonl", line("q1"), line("q2", "a sum"))
    async with running(Service(engine=FakeEngine(script=Echoes()))) as url:
        await run(tmp_path, sys.executable, "-c", WRITING, url=url)
        out = await run(tmp_path, "bash", "-c", script(FOLDERS), url=url)

    assert out.count("2 answers in ") == 2
    assert [len(lines_of(tmp_path / "answers" / name)) for name in ("results", "errors")] == [2, 0]
    assert '"num_rows_by_expert"' in out


async def test_every_example_of_buckets_ends_well(tmp_path):
    write_registry(tmp_path)
    with bucket() as (s3, files):
        with files.open_output_stream("bucket/questions/a.jsonl") as stream:
            path = write_jsonl(tmp_path / "a.jsonl", line("q1"), line("q2", "a sum"))
            stream.write(path.read_bytes())
        async with running(Service(engine=FakeEngine(script=Echoes()))) as url:
            out = await run(tmp_path, "bash", "-c", script(BUCKETS).replace(S3, s3), url=url)

    assert "2 answers in s3://bucket/answers/results" in out
