"""What a stored batch says of itself."""

import pytest

from orchestrator.batch.batch import Batch


@pytest.mark.parametrize(
    ("metadata", "is_plan"),
    [
        ({"plan": "true"}, True),
        ({"plan": "True"}, True),
        ({"plan": "false"}, False),
        ({}, False),
    ],
    ids=["true", "as Python says it", "false", "silent"],
)
def test_a_batch_is_planned_alone_where_it_says_so(metadata, is_plan):
    batch = Batch(
        id="batch_1",
        endpoint="/v1/chat/completions",
        input_file_id="file-1",
        completion_window="24h",
        window_s=86_400.0,
        created_at=0,
        expires_at=86_400,
        metadata=metadata,
    )

    assert batch.is_plan is is_plan
