"""Batches on a real service: two gateways, two slots, scripted engines, whatever is killed."""

import time
from collections import Counter

import pytest

from tests.e2e.batch_site import EXPERTS, BatchSite, ids, lines

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

#: Each answer takes some seconds, so that there is a midway.
SLOW = "slowly"
RUNNER, WORKER, GATEWAY = "ServeReplica:orchestrator:batches", ":slot-", ":gateway"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = BatchSite(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


def test_a_mixed_batch_is_answered_by_every_model_that_it_names(site):
    batch = site.ended(site.submit(lines(120)).id)

    assert (batch.status, site.outcomes(batch)) == ("completed", (ids(120), []))
    answers = site.lines_of(batch.output_file_id)
    said = {
        a["custom_id"]: a["response"]["body"]["choices"][0]["message"]["content"] for a in answers
    }
    assert all(said[f"q{at:05}"].startswith(EXPERTS[at]) for at in range(4))
    assert said["q00004"].startswith("dike")
    assert said["q00005"].startswith("chaos")


def test_each_expert_is_loaded_about_once(site):
    batch = site.ended(site.submit(lines(200, models=EXPERTS)).id)

    timeline = site.http.get(f"/v1/batches/{batch.id}/timeline").json()
    runs = Counter(bar["expert"] for bar in timeline["happened"])
    assert set(runs) == set(EXPERTS)
    assert sum(runs.values()) <= 6


def test_a_line_that_fails_goes_to_the_error_file_and_harms_no_other(site):
    wrong = lines(1, text="hello")[0].replace(b'"messages"', b'"max_tokens": 5, "messages"')
    batch = site.ended(site.submit([*lines(9)[1:], wrong]).id)

    assert batch.status == "completed"
    assert site.outcomes(batch)[0] == ids(9)


@pytest.mark.parametrize(
    "names",
    [
        pytest.param((RUNNER,), id="the runner"),
        pytest.param((WORKER,), id="the workers"),
        pytest.param(("redis-server",), id="Redis"),
        pytest.param((GATEWAY,), id="the gateways"),
        pytest.param((RUNNER, "redis-server", ":conductor"), id="all but workers and gateways"),
    ],
)
def test_whatever_is_killed_midway_every_line_is_answered_once(site, names):
    batch = site.submit(lines(300, text=SLOW))

    with site.killing(batch, *names, num_done=20):
        ended = site.ended(batch.id)

    assert (ended.status, site.outcomes(ended)) == ("completed", (ids(300), []))


def test_a_runner_that_was_killed_goes_on_within_ten_seconds(site):
    batch = site.submit(lines(12_000))

    with site.killing(batch, RUNNER, num_done=500) as killed_s:
        before = site.client.batches.retrieve(batch.id).request_counts.completed
        site.begun(batch.id, before + 1)

    assert time.monotonic() - killed_s < 10
    site.client.batches.cancel(batch.id)
    site.ended(batch.id)


def test_cancelling_keeps_what_is_finished(site):
    batch = site.submit(lines(600, text=SLOW))
    site.begun(batch.id)

    site.client.batches.cancel(batch.id)
    ended = site.ended(batch.id)

    done, failed = site.outcomes(ended)
    assert ended.status == "cancelled"
    assert 0 < len(done) < 600
    assert len(done) == ended.request_counts.completed
    assert not set(done) & set(failed)


def test_a_registry_that_is_edited_midway_disturbs_no_line(site):
    batch = site.submit(lines(300, text=SLOW))
    site.begun(batch.id)

    site.write((*EXPERTS, "eris"))
    ended = site.ended(batch.id)

    assert site.outcomes(ended) == (ids(300), [])


def test_progress_says_what_runs_now(site):
    batch = site.submit(lines(300, text=SLOW))
    site.begun(batch.id)

    told = site.progress(batch.id)

    site.client.batches.cancel(batch.id)
    assert told["run"]["current"], told
