"""Whether there is room for a model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.checkpoints.space import SPARE_BYTES, Room, require_room
from orchestrator.errors import DiskFullError

GIB = 2**30


def room(**changed) -> Room:
    known = {
        "total_bytes": 4 * GIB,
        "here_bytes": GIB,
        "free_bytes": 4 * GIB,
        "others_bytes": 6 * GIB,
        "budget_bytes": 10 * GIB,
    }
    return Room(**(known | changed))


def test_what_is_here_already_needs_no_room():
    require_room(room(), what="it")
    require_room(room(here_bytes=4 * GIB, free_bytes=0), what="it")


def test_the_spare_is_left_free():
    require_room(room(free_bytes=3 * GIB + SPARE_BYTES), what="it")
    with pytest.raises(DiskFullError, match=r"it needs 3 GiB more: 3\.06 GiB are free on the disk"):
        require_room(room(free_bytes=3 * GIB + SPARE_BYTES - 1), what="it")


def test_the_budget_counts_other_models_and_all_of_this_one():
    with pytest.raises(DiskFullError) as caught:
        require_room(room(others_bytes=7 * GIB, reclaimable_bytes=2 * GIB), what="it")

    assert caught.value.message == (
        "it needs 3 GiB more: 4 GiB are free on the disk, and the budget is 10 GiB "
        "(ORCHESTRATOR_MODELS_BUDGET_GIB), of which other models take 7; nothing was fetched: "
        "`orchestrator models gc` would free 2 GiB"
    )


@given(
    total=st.integers(0, 2**45),
    here=st.integers(0, 2**45),
    free=st.integers(0, 2**45),
    others=st.integers(0, 2**45),
    budget=st.none() | st.integers(1, 2**45),
)
def test_what_is_let_in_never_overdraws_disk_or_budget(total, here, free, others, budget):
    asked = Room(
        total_bytes=total,
        here_bytes=here,
        free_bytes=free,
        others_bytes=others,
        budget_bytes=budget,
    )
    try:
        require_room(asked, what="it")
    except DiskFullError:
        return

    assert total - here <= free
    assert budget is None or others + total <= budget
