import json

import pytest

from orchestrator.store.records import UnreadableRecord, parse_record
from tests.contracts.store import record


def test_a_record_survives_its_json():
    stored = record("r1", scores={"maths": 0.25}, entropy=0.5)

    assert parse_record(stored.model_dump_json().encode()) == stored


def test_a_field_that_a_newer_replica_added_is_left_aside():
    stored = record("r1")
    newer = stored.model_dump(mode="json") | {"energy_wh": 0.3}

    assert parse_record(json.dumps(newer).encode()) == stored


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            b'{"version": 2, "request_id": "r1", "tokens": {}}',
            ("r1", 2, "it has version 2, this service reads version 1"),
        ),
        (b'{"version": 1, "request_id": "r1"}', ("r1", 1, "created_s: Field required")),
        (b'{"request_id": 7}', (None, None, "it has version None, this service reads version 1")),
        (b"[1]", (None, None, "a JSON list, not an object")),
    ],
    ids=["newer", "incomplete", "without a version", "not an object"],
)
def test_what_cannot_be_read_is_told_apart_with_the_reason(raw, expected):
    request_id, version, reason = expected

    found = parse_record(raw)

    assert found == UnreadableRecord(request_id=request_id, version=version, reason=reason)


def test_damaged_bytes_are_a_value_too():
    assert parse_record(b"\xff{").reason.startswith("not JSON")
