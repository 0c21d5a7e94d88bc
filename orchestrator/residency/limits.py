"""Bounds of what a slot takes, and the knob its policy goes by."""

from __future__ import annotations

from dataclasses import dataclass

#: How long an engine that failed is not tried again, seconds.
RETRY_S = 15.0
#: Share of what an engine takes that background calls take beside others. On a CPU eight beside one
#: are felt little and 64 take 2.5 times as long; on an accelerator a quarter costs a tenth.
BESIDE = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopLimits:
    """Bounds of one slot."""

    #: Calls that each of its engines takes at once; more wait here.
    capacity: int = 256
    #: Calls that may wait; more are refused.
    max_queue: int = 1024
    #: How long an expert whose swap failed is not tried again, seconds.
    broken_s: float = 30.0
    #: How long an engine that did not start, or died for good, is not tried again, seconds.
    retry_s: float = RETRY_S
    #: From latency (0) to throughput (1); see `Bounded`.
    patience: float = 0.5
    #: Share of `capacity` that background calls take beside calls that somebody waits for, all
    #: engines of the slot together; see `Courteous`.
    background_beside: float = BESIDE
    #: Whether weights are read into the page cache ahead; see `residency/prefetch.py`.
    prefetch: bool = True

    def __post_init__(self) -> None:
        for name in ("capacity", "max_queue"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
