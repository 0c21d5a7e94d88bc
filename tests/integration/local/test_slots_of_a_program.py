"""Slots are processes of their own, which come back when they end and end with their program."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from orchestrator import Orchestrator
from orchestrator.client import Retries, retried
from orchestrator.errors import EngineDeadError, SetupError
from tests.e2e.scripted_service import open_scripted

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[3]
DEMO = (ROOT / "experts.yaml").read_text()


async def open_broken(lineage):
    raise EngineDeadError(f"engine {lineage.id} is broken")


@pytest.fixture(scope="module")
def orchestrator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    with Orchestrator(
        ROOT / "experts.yaml", data_dir=folder, progress=False, open_host=open_scripted
    ) as made:
        yield made


def test_an_answer_comes_from_the_slot_whole_and_streamed(orchestrator):
    whole = orchestrator.chat("hi", model="capitals").text
    stream = orchestrator.chat("hi", model="elements", stream=True)

    assert whole.startswith("capitals@")
    assert "".join(chunk.text for chunk in stream).startswith("elements@")


def test_operators_see_and_steer_the_slot_as_a_service_s(orchestrator):
    steered = orchestrator.load("roman")
    slots = orchestrator.residency().slots

    assert steered.slots
    assert [slot.name for slot in slots] == ["local"]


async def test_a_slot_that_is_killed_fails_what_it_had_and_comes_back(orchestrator):
    stream = orchestrator.chat("slowly", model="capitals", stream=True)
    (keeper,) = slot_programs()
    for process in keeper.children():
        process.kill()

    with pytest.raises(EngineDeadError, match="the process of slot 'local' has ended"):
        list(stream)
    async with orchestrator.asynchronous() as client:
        again = await retried(lambda: client.chat("hi", model="capitals"), retries=Retries())

    assert again.text.startswith("capitals@")


def test_engines_that_do_not_start_are_told_with_their_reason(tmp_path):
    before = slot_programs()
    with pytest.raises(SetupError, match=r"slot 'local': .* is broken"):
        Orchestrator(ROOT / "experts.yaml", progress=False, open_host=open_broken)

    assert slot_programs() == before


def slot_programs() -> list[psutil.Process]:
    """Those that this process has begun."""
    program = "orchestrator.local.slot_program"
    return [one for one in psutil.Process().children() if program in one.cmdline()]


PROGRAM = """
import sys
from orchestrator import Orchestrator
from orchestrator.client import Retries, retried
from tests.e2e.scripted_service import open_scripted

made = Orchestrator("experts.yaml", progress=False, open_host=open_scripted)
print(made.chat("hi", model="capitals").text, flush=True)
if sys.argv[1:]:
    made.chat("slowly " * 40, model="capitals")
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "program.py"  # without a guard against being imported by its children
    path.write_text(PROGRAM)
    return path


def started(program, *args):
    return subprocess.Popen(
        [sys.executable, program, *args],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_program_that_closes_nothing_leaves_nothing(program):
    process = started(program)
    assert process.stdout.readline().startswith("capitals@")
    processes = psutil.Process(process.pid).children(recursive=True)

    _, err = process.communicate(timeout=60)
    _, alive = psutil.wait_procs(processes, timeout=30)

    assert (process.returncode, err, alive) == (0, "", [])


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_a_program_ends_its_slots_end_with_it(program, signum):
    process = started(program, "and wait")
    assert process.stdout.readline().startswith("capitals@")
    processes = psutil.Process(process.pid).children(recursive=True)

    process.send_signal(signum)
    process.communicate(timeout=60)
    _, alive = psutil.wait_procs(processes, timeout=30)

    assert len(processes) == 2
    assert alive == []
