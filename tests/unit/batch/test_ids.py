"""Ids of batches and files."""

import re

import pytest

from orchestrator.batch.ids import new_batch_id, new_file_id

KINDS = pytest.mark.parametrize(
    ("make", "form"),
    [(new_file_id, r"file-[A-Za-z0-9]{33}"), (new_batch_id, r"batch_[A-Za-z0-9]{33}")],
)


@KINDS
def test_ids_of_one_moment_are_long_and_none_is_like_another(make, form):
    ids = {make(clock=lambda: 1_800_000_000.25) for _ in range(1000)}

    assert len(ids) == 1000
    assert all(re.fullmatch(form, one) for one in ids)


@KINDS
def test_ids_sort_by_when_they_were_made(make, form):
    moments_s = [0.0, 1.7e9, 1.8e9, 1.8e9 + 1e-5, 1.8e9 + 1, 1e10]

    ids = [make(clock=lambda now_s=now_s: now_s) for now_s in moments_s]

    assert ids == sorted(ids)
    assert len({len(one) for one in ids}) == 1
