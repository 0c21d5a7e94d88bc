"""A data set through the experts of a real service, killed and gone on with, then fitted on."""

import json
import subprocess
import sys
from collections import Counter

import psutil
import pytest
from watchfiles import watch

from routers.dataset_files import read_answered
from tests.e2e.service import ROOT, Service
from tests.free_ports import free_port
from tests.unit.routers.small import write_lines

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

EXPERTS = """\
version: 1
experts:
  - {id: optimist, engine: {kind: fake, says: "The answer is yes."}}
  - {id: pessimist, engine: {kind: fake, says: "The answer is no.", token_delay_ms: 40}}
"""
#: One that is asked nothing: its engine runs all the same.
HOSTED = f"""\
  - id: capitals
    model: {ROOT}/deploy/demo/experts/capitals
    engine: {{kind: vllm, kv_cache_gib: 0.125}}
slots: [{{name: local, memory_gib: 2}}]
"""
QUESTIONS = [
    {"id": f"q{i}", "prompt": f"Will plan {i} work?", "skill": skill, "gold": gold}
    for i in range(60)
    for skill, gold in [("luck", "true") if i % 2 else ("toil", "false")]
]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    (folder / "experts.yaml").write_text(EXPERTS)
    started = Service(folder / "experts.yaml", port=free_port(), folder=folder / "data")
    yield started.await_ready()
    assert started.stop() == 0


def command(*args):
    return [sys.executable, "-m", "orchestrator.cli.main", *map(str, args)]


def profile(service, questions, out):
    asked = ("profile", questions, "--out", out, "--grader", "boolean", "--at-once", 2)
    return command(*asked, "--url", service.url)


def metrics_of(artifact):
    return json.loads((artifact / "manifest.json").read_text())["metrics"]


def await_lines(process, out, *, num_lines):
    """Return as soon as the file has so many lines."""
    for _ in watch(out.parent, step=1, debounce=1, rust_timeout=500, yield_on_timeout=True):
        if out.exists() and out.read_bytes().count(b"\n") >= num_lines:
            return
        assert process.poll() is None, "it ended before it was killed"


def test_what_was_asked_before_a_kill_is_fitted_on_with_what_came_after(service, tmp_path):
    questions, out = write_lines(tmp_path / "q.jsonl", *QUESTIONS), tmp_path / "out" / "o.jsonl"
    out.parent.mkdir()
    run = profile(service, questions, out)

    killed = subprocess.Popen(run, cwd=ROOT, stderr=subprocess.DEVNULL)
    await_lines(killed, out, num_lines=70)
    killed.kill()
    killed.wait()
    kept = out.read_bytes()
    done = subprocess.run([*run, "--json"], cwd=ROOT, capture_output=True, check=True)
    table = ["--embedder", "static", "--table", "deploy/demo/routers/topic"]
    for kind, more in {"skill": table, "neighbours": ["--embedder", "minilm"]}.items():
        given = ["--questions", questions, "--outcomes", out, "--out", tmp_path / kind, *more]
        subprocess.run(command("fit", kind, *given), cwd=ROOT, check=True)

    assert out.read_bytes().startswith(kept[: kept.rindex(b"\n") + 1])
    lines = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert set(Counter((one["id"], one["expert"]) for one in lines).values()) == {1}
    assert len(lines) == 120
    assert {(one["expert"], one["accuracy"]) for one in json.loads(done.stdout)} == {
        ("optimist", 0.5), ("pessimist", 0.5),
    }  # fmt: skip
    answers = read_answered([questions], [out])
    rows = zip(answers.examples, answers.scores, strict=True)
    by_skill = {(example.skills[0], *scores) for example, scores in rows}
    assert by_skill == {("luck", 1.0, 0.0), ("toil", 0.0, 1.0)}
    assert metrics_of(tmp_path / "skill")["one_call"] == 1.0
    assert metrics_of(tmp_path / "neighbours")["oracle"] == 1.0


def test_experts_of_its_own_end_with_the_run_however_that_ends(tmp_path):
    questions, out = write_lines(tmp_path / "q.jsonl", *QUESTIONS), tmp_path / "out" / "o.jsonl"
    out.parent.mkdir()
    (tmp_path / "experts.yaml").write_text(EXPERTS + HOSTED)
    run = command("profile", questions, "--out", out, "--grader", "boolean", "--at-once", 2,
                  "--registry", tmp_path / "experts.yaml",
                  "--expert", "optimist", "--expert", "pessimist")  # fmt: skip

    started = subprocess.Popen(run, cwd=ROOT, stderr=subprocess.DEVNULL)
    await_lines(started, out, num_lines=70)
    processes = psutil.Process(started.pid).children(recursive=True)
    started.kill()
    started.wait()
    _, alive = psutil.wait_procs(processes, timeout=60)
    done = subprocess.run([*run, "--json"], cwd=ROOT, capture_output=True, check=True)

    assert len(processes) > 3
    assert alive == []
    assert out.read_bytes().count(b"\n") == 120
    assert [one["num_answers"] for one in json.loads(done.stdout)] == [60, 60]
