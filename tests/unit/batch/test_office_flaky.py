import pytest

from orchestrator.batch.fake_endpoint import FakeEndpoint
from orchestrator.batch.settings import BatchSettings
from tests.batch_desk import Desk, ids, ids_of, lines
from tests.flaky_storage import FlakyStorage

SETTINGS = BatchSettings(
    commit_s=0, commit_lines=3, merge_segments=3, retry_s=0.001, max_retry_s=0.004, history_s=0.002
)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("share", [0.05, 0.3])
async def test_a_storage_that_often_fails_costs_time_and_no_line(seed, share):
    storage = FlakyStorage(seed=seed)
    endpoint = FakeEndpoint(refuses={"law": 400})
    async with Desk(storage, endpoint=endpoint, settings=SETTINGS) as desk:
        batch = await desk.create(lines(20))
        storage.share = share
        ended = await desk.until(batch.id)
        storage.share = 0.0

        assert storage.num_failed > 0
        assert ended.status == "completed"
        output, error = await ids_of(desk, ended)
        assert (sorted(output), sorted(error)) == (ids(range(0, 20, 2)), ids(range(1, 20, 2)))
        assert ended.request_counts.model_dump() == {"total": 20, "completed": 10, "failed": 10}
