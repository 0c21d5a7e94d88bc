"""What a step should take before any was seen: bytes over bandwidth, and what does not shrink."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Literal

#: What takes an engine from one state to the next: a sibling in place, an adapter on its base,
#: waking with weights, waking without them and reading them, starting a process, and back down.
Step = Literal["swap", "add", "wake", "reload", "start", "sleep", "stop"]
#: How often a canary has the weights read: once a token, and once for its prompt.
CANARY_READS = 9

#: What takes time: a step, or a call.
Of = Step | Literal["call"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandwidths:
    """What one machine moves weights with.

    The defaults are figures of others for an A100: waking 30 B in BF16 takes 2.9 s, a cold start
    47 s (vLLM's documentation of sleep mode); reading is from the page cache of a server. What
    `engines/bandwidths.py` measures takes their place.
    """

    #: From files in the page cache into an engine, GiB/s.
    read_gib_per_s: float = 5.0
    #: From the storage behind them, where they are not in the page cache, GiB/s.
    disk_gib_per_s: float = 1.0
    #: Between host and device memory, GiB/s.
    copy_gib_per_s: float = 21.0
    #: From memory into the arithmetic, GiB/s: what a canary's tokens take on a CPU, and next to
    #: nothing on a GPU.
    compute_gib_per_s: float = inf
    #: What a swap takes beside its bytes: pausing, the canary.
    swap_s: float = 0.05
    add_s: float = 0.2
    wake_s: float = 0.1
    #: A process, its compiled graphs and its first canary.
    start_s: float = 30.0
    stop_s: float = 2.0

    def fetch_gain_s(self, gib: float) -> float:
        """What a step saves by finding its weights in the page cache, seconds."""
        return max(gib / self.disk_gib_per_s - gib / self.read_gib_per_s, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Seconds by step and expert, from sizes.

    Args:
        weights_gib: size by expert; of an adapter, its own.
        default_gib: size of an expert that is not listed.
        service_s: what a call takes before one was seen.
        told_s: what other slots on equal hardware have seen, which goes before what sizes say.
    """

    weights_gib: Mapping[str, float] = field(default_factory=dict)
    default_gib: float = 1.0
    service_s: float = 1.0
    bandwidths: Bandwidths = field(default_factory=Bandwidths)
    told_s: Mapping[tuple[Of, str], float] = field(default_factory=dict)

    def of_s(self, of: Of, expert: str) -> float:
        """Seconds that a step or a call should take by the size of `expert`."""
        return self.service_s if of == "call" else self.step_s(of, expert)

    def gib(self, expert: str) -> float:
        """Size of an expert's weights."""
        return self.weights_gib.get(expert, self.default_gib)

    def step_s(self, step: Step, expert: str) -> float:
        """Seconds that `step` should take by the size of `expert`."""
        gib, by = self.gib(expert), self.bandwidths
        reading_s = gib / by.read_gib_per_s + CANARY_READS * gib / by.compute_gib_per_s
        copying_s = gib / by.copy_gib_per_s
        match step:
            case "swap":
                return by.swap_s + reading_s
            case "add":
                return by.add_s + reading_s
            case "wake" | "sleep":
                return by.wake_s + copying_s
            case "reload":
                return by.wake_s + by.swap_s + reading_s
            case "start":
                return by.start_s + reading_s
            case "stop":
                return by.stop_s
