"""Gateways and workers replaced under load: two gateways, two slots, scripted engines."""

import subprocess
import sys

import pytest

from tests.e2e.service import ROOT
from tests.e2e.test_edits import Load, Site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

#: One slot alone: whoever asks for what it hosts has to wait for it.
ALONE = "{name: alone, memory_gib: 4, engine_overhead_gib: 0.25}"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.stop()


def restart(site: Site, part: str) -> subprocess.CompletedProcess[str]:
    """Run the command; what it said, its errors too."""
    command = [sys.executable, "-m", "orchestrator.cli.main", "restart", part]
    return subprocess.run(
        [*command, f"--url={site.service.url}"], cwd=ROOT, capture_output=True, text=True,
        timeout=180, check=False,
    )  # fmt: skip


def pids(site: Site, part: str) -> set[int]:
    return {one.pid for one in site.service.killers.find(part)}


@pytest.mark.parametrize(("part", "kind"), [("gateways", "gateway"), ("workers", "worker")])
def test_a_restart_under_load_fails_no_request_and_leaves_no_old_process(site, part, kind):
    before = pids(site, kind)

    with Load(site, ("steady", "scripted")).running() as load:
        told = restart(site, part)
        num_during = len(load.answers)

    assert told.returncode == 0, told.stderr
    load.check()
    assert num_during > 50
    assert len(pids(site, kind)) == len(before) == 2
    assert not pids(site, kind) & before


def test_calls_for_what_is_hosted_nowhere_else_wait_for_its_slot(site):
    site.await_live(site.write(site.expert("steady"), slots=(ALONE,)))
    before = pids(site, "worker")

    with Load(site, ("steady",)).running() as load:
        told = restart(site, "alone")

    assert told.returncode == 0, told.stderr
    assert "restarted alone" in told.stdout
    load.check()
    assert not pids(site, "worker") & before


def test_a_slot_that_is_not_there_is_refused_with_those_that_are(site):
    told = restart(site, "nowhere")

    assert told.returncode == 1
    assert "there is no slot 'nowhere' to restart; known: gateways, workers, " in told.stderr
