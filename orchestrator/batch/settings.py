"""What an operator can set about batches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """Limits and times of batches; seconds and bytes."""

    #: Lines of one input file, empty ones not counted.
    max_lines: int = 50_000
    max_line_bytes: int = 16 * 2**20
    #: Faults of an input file that are told one by one; the rest is counted.
    max_faults: int = 100
    #: Results are stored together that come within this time.
    commit_s: float = 0.3
    #: Or as many of them.
    commit_lines: int = 256
    #: What is to be let go is still stored where that takes no longer.
    closing_s: float = 2.0
    #: So many segments of a batch become one.
    merge_segments: int = 64
    #: What is away is tried again after, doubled each time, up to the second.
    retry_s: float = 0.5
    max_retry_s: float = 30.0
    #: Batches are told of for this long after their end.
    kept_s: float = 30 * 86_400.0
    #: How often what is old is looked for.
    sweep_s: float = 600.0
    #: What happened is kept for charts this often.
    history_s: float = 2.0
    #: How often an office looks whether another has come.
    claim_s: float = 5.0
    #: Whoever asks while results are still counted, as after a restart, waits so long at most.
    counting_s: float = 5.0
    #: Input files that are read through at a time.
    validated_at_once: int = 2
    #: How often validation of one file waits for a service that cannot say what it will do.
    max_foresee_waits: int = 60
