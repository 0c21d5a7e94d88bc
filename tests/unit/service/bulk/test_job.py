"""A job goes on with what it was begun with, and with nothing else."""

import pytest

from orchestrator.errors import SetupError
from orchestrator.service.bulk import job as jobs
from orchestrator.service.bulk.folder import Folder
from tests.unit.service.bulk.inputs import terms


@pytest.fixture
def folders(tmp_path):
    return Folder(str(tmp_path / "out/_work")), Folder(str(tmp_path / "out"))


def test_a_job_that_was_begun_is_the_same_job_later(folders):
    first = jobs.opened(*folders, terms(), num_blocks=2)
    jobs.stored(folders[0], first.model_copy(update={"is_complete": True}))

    assert jobs.opened(*folders, terms(), num_blocks=2).id == first.id
    assert jobs.opened(*folders, terms(), num_blocks=2).is_complete


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"fingerprint": "g"}, "the input has changed"),
        ({"registry": "s"}, "the registry or a router of it has changed"),
        ({"chunk_rows": 4, "format": "parquet"}, "--format is another one; --chunk-rows is an"),
    ],
    ids=["input", "registry", "options"],
)
def test_a_job_that_was_begun_otherwise_is_refused(folders, changed, told):
    jobs.opened(*folders, terms(), num_blocks=2)

    with pytest.raises(SetupError, match=told):
        jobs.opened(*folders, terms(**changed), num_blocks=2)


def test_results_that_no_job_here_wrote_are_left_alone(folders):
    folders[1].write("results/part-a.jsonl", b"")

    with pytest.raises(SetupError, match=r"has results, but .* has no job that wrote them"):
        jobs.opened(*folders, terms(), num_blocks=2)


def test_a_job_of_a_later_version_is_refused(folders):
    folders[0].write("job.json", b'{"version": 2}')

    with pytest.raises(SetupError, match=r"job\.json is not of this version"):
        jobs.opened(*folders, terms(), num_blocks=2)
