"""`orchestrator profile` against a service over real HTTP, killed and gone on with."""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script, last_user_text
from routers.dataset_files import read_answered
from routers.skill_files import read_counts, read_skill_router
from tests.served import Service, running
from tests.unit.routers.small import write_lines

pytestmark = pytest.mark.integration

TOPIC = Path(__file__).parents[3] / "deploy/demo/routers/topic"
ROWS = [
    {"id": f"q{i}", "prompt": f"{i} + 1?", "gold": i + 1, "grader": "number"} for i in range(12)
]


class Adds:
    """`math` adds, others say 0; once `painter` was asked `gate_at` questions, it is silent."""

    def __init__(self, *, gate_at):
        self.asked = Counter()
        self.gate = asyncio.Event()
        self.is_silent = asyncio.Event()
        self._gate_at = gate_at

    def __call__(self, call):
        text = last_user_text(call)
        self.asked[call.expert, text] += 1
        if call.expert == "math":
            return Script(says=f"{int(text.split()[0]) + 1}.")
        if sum(expert == "painter" for expert, _ in self.asked) > self._gate_at:
            self.is_silent.set()
            return Script(says="0", gate=self.gate)
        return Script(says="0")


async def command(*args):
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "orchestrator.cli.main", *map(str, args),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def started(url, *args):
    return await command("profile", *args, "--url", url,
                         "--expert", "math", "--expert", "painter", "--at-once", "2")  # fmt: skip


async def test_a_registry_that_cannot_be_served_is_told_with_the_reason(tmp_path):
    questions = write_lines(tmp_path / "q.jsonl", *ROWS)
    (tmp_path / "experts.yaml").write_text("experts: [{id: a, engine: {kind: fke}}]")

    process = await started(
        "http://127.0.0.1:1", questions, "--out", tmp_path / "out.jsonl",
        "--registry", tmp_path / "experts.yaml",
    )  # fmt: skip
    _, err = await process.communicate()

    assert process.returncode == 1
    assert "experts.yaml:1:34: experts[0].engine.kind" in err.decode()
    assert "'fake'" in err.decode()
    assert "Traceback" not in err.decode()


async def test_killed_in_the_middle_it_goes_on_and_asks_nothing_twice(tmp_path):
    questions, out = write_lines(tmp_path / "q.jsonl", *ROWS), tmp_path / "out.parquet"
    journal = tmp_path / "out.parquet.jsonl"
    script = Adds(gate_at=5)
    async with running(Service(engine=FakeEngine(script=script))) as url:
        killed = await started(url, questions, "--out", out)
        await script.is_silent.wait()
        killed.kill()
        await killed.communicate()
        kept = journal.read_bytes()
        journal.write_bytes(kept + b'{"asked": "tempera')
        script.gate.set()
        resumed = await started(url, questions, "--out", out, "--json")
        told, err = await resumed.communicate()

    assert resumed.returncode == 0, err.decode()
    assert journal.read_bytes().startswith(kept)
    answered = {
        tuple(json.loads(line)[key] for key in ("expert", "id")) for line in kept.splitlines()
    }
    assert 12 < len(answered) < 24
    twice = {key for key, count in script.asked.items() if count > 1}
    prompts = {row["id"]: row["prompt"] for row in ROWS}
    assert twice.isdisjoint((expert, prompts[id_]) for expert, id_ in answered)
    assert {(one["expert"], one["accuracy"]) for one in json.loads(told)} == {
        ("math", 1.0), ("painter", 0.0),
    }  # fmt: skip
    table = read_answered([questions], [out])
    assert table.scores.tolist() == [[1.0, 0.0]] * 12


async def test_another_way_of_asking_is_not_mixed_in(tmp_path):
    questions, out = write_lines(tmp_path / "q.jsonl", *ROWS), tmp_path / "out.jsonl"
    script = Adds(gate_at=12)
    async with running(Service(engine=FakeEngine(script=script))) as url:
        first = await started(url, questions, "--out", out)
        told, _ = await first.communicate()
        second = await started(url, questions, "--out", out, "--max-tokens", "9")
        _, err = await second.communicate()

    assert (first.returncode, second.returncode) == (0, 1)
    (row,) = [line for line in told.decode().splitlines() if "math" in line]
    assert row.split()[1:9] == ["math", "│", "100.0%", "│", "75.7%", "to", "100.0%", "│"]
    assert "holds outcomes asked with 'temperature 0, 512 tokens, prompt plain" in err.decode()
    assert sum(script.asked.values()) == 24


def sure_of_its_own(call):
    """The two never agree; `math` is surer of sums than of colours, `painter` less sure."""
    number = int(last_user_text(call).split()[0])
    is_own = (call.expert == "math") == (number % 2 == 0)
    return Script(says=call.expert, log_prob=-number / 100 - (0 if is_own else 2))


async def test_who_never_agree_are_told_apart_by_how_sure_each_is_of_what(tmp_path):
    blind = [
        {"id": row["id"], "prompt": row["prompt"], "skill": ("sums", "colours")[i % 2]}
        for i, row in enumerate(ROWS)
    ]
    questions, out = write_lines(tmp_path / "q.jsonl", *blind), tmp_path / "out.jsonl"
    async with running(Service(engine=FakeEngine(script=sure_of_its_own))) as url:
        asking = await started(url, questions, "--out", out, "--without-labels", "--log-probs")
        _, err = await asking.communicate()
    assert asking.returncode == 0, err.decode()

    args = ["--questions", questions, "--outcomes", out, "--out", tmp_path / "skills",
            "--without-labels", "--embedder", "static", "--table", TOPIC]  # fmt: skip
    fitting = await command("fit", "skill", *args)
    _, err = await fitting.communicate()

    assert fitting.returncode == 0, err.decode()
    counts = read_counts(read_skill_router(tmp_path / "skills"))
    right = dict(zip(counts.skills, counts.right.tolist(), strict=True))
    assert counts.experts == ("math", "painter")
    # Of six questions each; three and three where nobody is known to be surer.
    assert right["sums"][0] > 3.9 > 2.1 > right["sums"][1]
    assert right["colours"][1] > 3.9 > 2.1 > right["colours"][0]
