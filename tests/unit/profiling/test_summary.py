"""What a run is told as, and kept as."""

import pytest

from orchestrator.errors import SetupError
from orchestrator.profiling.summary import summary
from orchestrator.profiling.tables import write_parquet
from routers.dataset_files import read_outcomes
from routers.datasets import Outcome


def outcome(question, expert, score, **parts):
    return Outcome(id=question, expert=expert, score=score, **parts)


def test_the_best_comes_first_and_samples_count_by_their_mean():
    lines = summary(
        [
            outcome("q1", "weak", 1.0, sample=0, tokens=3, seconds=1.0, answer="x"),
            outcome("q1", "weak", 0.0, sample=1, tokens=4, seconds=3.0),
            outcome("q2", "weak", 0.0, fault="context_length_exceeded"),
            outcome("q1", "strong", 1.0, answer="x"),
        ]
    )

    strong, weak = lines
    assert (strong.expert, strong.right.value, strong.mean_seconds) == ("strong", 1.0, None)
    assert (weak.right.right, weak.right.asked, weak.num_answers) == (0.5, 2, 3)
    assert (weak.num_unread, weak.num_faults, weak.tokens, weak.mean_seconds) == (1, 1, 7, 2.0)


def test_a_parquet_file_says_what_the_lines_said(tmp_path):
    outcomes = (
        outcome("q1", "a", 0.5, answer="x", tokens=3, seconds=0.25, version="v", asked="cold"),
        outcome("q2", "a", 0.0, fault="content_policy_violation", version="v", asked="cold"),
    )

    write_parquet(tmp_path / "out.parquet", outcomes)

    assert read_outcomes([tmp_path / "out.parquet"]) == outcomes
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]


def test_a_parquet_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(SetupError, match=r"gone/out.parquet' cannot be written"):
        write_parquet(tmp_path / "gone" / "out.parquet", [outcome("q", "a", 1.0)])
