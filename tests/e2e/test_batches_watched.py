"""Batches watched through the proxy of a real service, whoever keeps them being killed."""

import json

import pytest

from orchestrator.client import Client
from tests.e2e.batch_site import BatchSite, lines

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

RUNNER = "ServeReplica:orchestrator:batches"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = BatchSite(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


def test_events_come_as_they_are_told_and_end_with_the_batch(site):
    batch = site.submit(lines(100, text="slowly"))
    path = f"/v1/batches/{batch.id}/progress"

    with site.http.stream("GET", path, headers={"accept": "text/event-stream"}) as reply:
        told = (line.removeprefix("data: ") for line in reply.iter_lines() if line[:5] == "data:")
        first = next(told)
        # Held back between here and there, it would have come with the end.
        assert not site.client.batches.retrieve(batch.id).completed_at
        *states, end = told

    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert end == "[DONE]"
    statuses = [json.loads(one)["status"] for one in (first, *states)]
    assert statuses[0] in ("validating", "in_progress")
    assert statuses[-1] == "completed"


def test_a_watcher_sees_the_end_of_a_batch_whose_runner_was_killed(site):
    batch = site.submit(lines(200, text="slowly"))
    done = []

    def heard(now) -> None:
        done.append(now.request_counts.completed)
        if len(done) == 3:
            site.kill(RUNNER)

    with Client(site.service.url, api_key="none") as client:
        ended = client.batches.wait(batch.id, heard=heard)
        results = list(client.batches.results(batch.id))

    assert (ended.status, len(results)) == ("completed", 200)
    assert done == sorted(done)
    assert len(done) > 3
