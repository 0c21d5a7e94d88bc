"""The outermost process ends whatever an orderly stop did not."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

pytestmark = pytest.mark.integration

#: A service that starts a grandchild which leaves its parent, ignores SIGTERM and never ends.
STUBBORN = """
import os, signal, subprocess, sys, time
from orchestrator.service.keeper import Keeper

def serve():
    orphan = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    script = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {orphan!r}])"
    subprocess.run([sys.executable, "-c", script], check=True)
    signal.signal(signal.SIGTERM, ON_TERM)
    print("up", flush=True)
    time.sleep(600)
    return 0

sys.exit(Keeper(grace_s=GRACE, say=print).keep(serve))
"""
OBEYS = "lambda *_: os._exit(3)"
IGNORES = "signal.SIG_IGN"


@pytest.fixture
def start():
    started = []

    def run(on_term: str, grace_s: float) -> tuple[subprocess.Popen, list[psutil.Process]]:
        script = STUBBORN.replace("ON_TERM", on_term).replace("GRACE", str(grace_s))
        keeper = subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=os.environ
        )
        started.append(keeper)
        assert keeper.stdout.readline() == "up\n"
        return keeper, psutil.Process(keeper.pid).children(recursive=True)

    yield run
    for keeper in started:
        keeper.kill()
        keeper.wait()
        keeper.stdout.close()


def all_gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=10)
    return not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


def test_orphans_of_a_service_that_stopped_are_killed(start):
    keeper, processes = start(OBEYS, 30)

    keeper.terminate()

    assert keeper.wait(timeout=10) == 3
    assert len(processes) == 2
    assert all_gone(processes)


def test_a_service_that_does_not_stop_in_time_is_killed(start):
    keeper, processes = start(IGNORES, 0.2)

    keeper.terminate()

    assert keeper.wait(timeout=10) != 0
    assert all_gone(processes)


def test_a_second_signal_kills_at_once(start):
    keeper, processes = start(IGNORES, 600)

    keeper.send_signal(signal.SIGINT)
    keeper.send_signal(signal.SIGTERM)

    assert keeper.wait(timeout=10) != 0
    assert all_gone(processes)


def test_orphans_of_a_service_that_was_killed_are_killed(start):
    keeper, processes = start(IGNORES, 600)

    processes[0].kill()

    assert keeper.wait(timeout=10) == 128 + signal.SIGKILL
    assert all_gone(processes)
