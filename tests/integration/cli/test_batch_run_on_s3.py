"""`orchestrator batch run` from a bucket to a bucket."""

import io
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from orchestrator.engines.fake import FakeEngine
from tests.buckets import bucket
from tests.integration.cli.bulk_runs import Echoes, bulk_run, finished, said
from tests.served import Service, running
from tests.unit.service.bulk.inputs import write_registry

pytestmark = pytest.mark.integration


@pytest.fixture
def cloud():
    with bucket() as found:
        yield found


async def test_a_bucket_is_read_and_written_and_what_is_done_is_not_done_again(tmp_path, cloud):
    url, files = cloud
    table = pa.table({"custom_id": list("abcdef"), "prompt": [f"row {i}" for i in range(6)]})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    with files.open_output_stream("bucket/in/rows.parquet") as stream:
        stream.write(sink.getvalue())
    env = os.environ | {
        "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    script = Echoes()

    async with running(Service(engine=FakeEngine(script=script))) as service:
        command = (
            "s3://bucket/in", "s3://bucket/out", "--registry", write_registry(tmp_path),
            "--url", service, "--chunk-rows", 2, "--block-mib", 1,
        )  # fmt: skip
        told = await finished(await bulk_run(*command, env=env))
        again = await finished(await bulk_run(*command, env=env))

    assert (told["num_answers"], told["num_errors"]) == (6, 0)
    assert again == told
    assert script.asked.total() == 6
    found = files.get_file_info(fs.FileSelector("bucket/out/results", recursive=True))
    assert len(found) == 3
    lines = [line for one in found for line in files.open_input_file(one.path).read().splitlines()]
    assert said([json.loads(line) for line in lines]) == {
        name: f"row {i}" for i, name in enumerate("abcdef")
    }
