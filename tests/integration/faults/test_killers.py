"""Killers against a tree of processes that have the titles of a service's."""

import os
import signal
import subprocess

import psutil
import pytest

from tests.faults.killers import Killers, deployment_in, ended, slot_of, until

TITLES = {
    "conductor": "ray::ServeReplica:orchestrator:conductor",
    "gateway": "ray::ServeReplica:orchestrator:gateway",
    "runner": "ray::ServeReplica:orchestrator:batches",
    "local": "ray::ServeReplica:orchestrator:slot-local",
    "local-1": "ray::ServeReplica:orchestrator:slot-local-1",
    "engine": "VLLM::EngineCore",
}
#: Has a title run again whenever it ends, as Serve does; `wait` keeps its children below it.
KEEP = 'keep() { while true; do (exec -a "$1" sleep 60); done; }; '


@pytest.mark.parametrize(
    ("title", "deployment"),
    [
        ("ray::ServeReplica:orchestrator:gateway", "gateway"),
        ("ray::ServeReplica:orchestrator:gateway.check_health", "gateway"),
        ("ray::ServeReplica:orchestrator:slot-local@zone=a.b/c", "slot-local@zone=a.b/c"),
        ("ray::ServeController.listen_for_change", None),
    ],
)
def test_a_replica_is_known_whatever_it_is_at(title, deployment):
    assert deployment_in(title) == deployment


@pytest.fixture
def tree():
    """A process that keeps one of each title, and two gateways."""
    names = [*TITLES.values(), TITLES["gateway"]]
    script = KEEP + "".join(f"keep '{name}' & " for name in names) + "wait"
    with subprocess.Popen(["bash", "-c", script], start_new_session=True) as root:
        killers = Killers(psutil.Process(root.pid))
        until(lambda: len(sleepers(root.pid)) == len(names), what="the tree")
        yield killers
        os.killpg(root.pid, signal.SIGKILL)


def sleepers(root: int) -> list[psutil.Process]:
    below = psutil.Process(root).children(recursive=True)
    return [one for one in below if one.cmdline()[-1:] == ["60"]]


@pytest.mark.parametrize("part", ["conductor", "runner", "engine"])
def test_a_part_is_found_by_its_title_and_one_in_its_place_is_waited_for(tree, part):
    killed = tree.kill(part)

    (after,) = killed.replaced()
    assert not killed.process.is_running()
    assert after.pid != killed.process.pid
    assert tree.one(part) == after


def test_of_two_gateways_one_is_killed_and_the_other_is_not_taken_for_its_replacement(tree):
    before = tree.find("gateway")

    killed = tree.kill("gateway")

    (after,) = killed.replaced()
    assert killed.spared == {before[1].pid}
    assert after not in before


def test_all_gateways_are_killed_at_once(tree):
    before = tree.find("gateway")

    after = tree.kill_all("gateway").replaced()

    assert len(after) == 2
    assert not {one.pid for one in after} & {one.pid for one in before}


def test_a_slot_is_not_taken_for_one_whose_name_begins_alike(tree):
    assert slot_of(tree.one("worker", "local")) == "local"
    assert [slot_of(one) for one in tree.find("worker", slot="local-1")] == ["local-1"]
    assert len(tree.find("worker")) == 2


def test_a_part_that_is_stopped_goes_on_after_the_block(tree):
    with tree.stopped("conductor") as process:
        until(lambda: process.status() == psutil.STATUS_STOPPED, what="a stopped process")
    until(lambda: process.status() != psutil.STATUS_STOPPED, what="a process that goes on")


def test_what_does_not_come_is_told_by_name(tree):
    with pytest.raises(AssertionError, match="a redis"):
        until(lambda: tree.find("redis"), what="a redis", within_s=0.1)


def test_a_process_that_nobody_reaped_has_ended():
    with subprocess.Popen(["true"]) as child:
        ended(psutil.Process(child.pid))

    assert child.returncode == 0
