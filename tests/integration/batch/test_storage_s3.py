"""A storage on S3 without s3fs: pyarrow's filesystem against a server that speaks S3."""

import secrets

import boto3
import pytest

from bench.local_s3 import local_s3
from orchestrator.batch.storage_opening import open_storage
from orchestrator.errors import SetupError, StorageError
from tests.contracts.storage import StorageContract, paths

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def address():
    with local_s3() as url:
        yield url


@pytest.fixture
def bucket(address, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"bucket-{secrets.token_hex(8)}"
    boto3.client("s3", endpoint_url=address).create_bucket(Bucket=name)
    return name


class TestS3(StorageContract):
    @pytest.fixture
    def storage(self, bucket):
        return open_storage(f"s3://{bucket}/some/folder")


async def test_the_root_may_be_a_bucket(bucket):
    storage = open_storage(f"s3://{bucket}")

    await storage.write("a/b", b"1")

    assert await paths(storage) == ["a/b"]


async def test_a_large_object_goes_there_in_parts_and_comes_back_whole(bucket):
    storage = open_storage(f"s3://{bucket}/a")
    writing = await storage.open_write("big")
    for letter in b"abcdefgh":
        await writing.write(bytes([letter]) * 3 * 2**20)
    await writing.commit()

    assert await storage.size("big") == 24 * 2**20
    assert await storage.read_range("big", start=3 * 2**20 - 1, length=2) == b"ab"


async def test_a_bucket_that_is_not_there_is_told(bucket):
    with pytest.raises(StorageError, match="'a'"):
        await open_storage("s3://no-such-bucket-anywhere/a").write("a", b"1")


def test_a_url_without_a_bucket_is_told_how_to_write_one():
    with pytest.raises(SetupError, match="write s3://BUCKET"):
        open_storage("s3://")
