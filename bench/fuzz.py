"""Fuzzing: damaged copies of real inputs into all that reads what others wrote.

Each example is made from a number, so that a failure can be had again. An example that takes
longer than its bound counts as a hang and is interrupted.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from random import Random
from types import FrameType

from bench.fuzz_targets import FuzzTarget, targets, tried
from bench.mutations import damaged
from bench.report import Outcome, Target
from bench.setup import Setup

NAME = "fuzz"
_CRASHES, _HANGS = "fuzz: inputs that crash", "fuzz: inputs that take longer than 2 s"
_FEWEST = "fuzz: inputs of the target that had the fewest"
TARGETS = (
    Target(name=_CRASHES, sense="<=", limit=0),
    Target(name=_HANGS, sense="<=", limit=0),
    Target(name=_FEWEST, sense=">=", limit=1000),
)

LONGEST_S = 2.0
#: Of each target.
_RUN_S = 30.0
_MAX_KEPT = 20


class HangError(BaseException):
    """An example took too long; no `except Exception` of what is fuzzed may stop it."""


@dataclass(slots=True, kw_only=True)
class Fuzzed:
    """What came of one target."""

    name: str
    num_inputs: int = 0
    took_s: float = 0.0
    slowest_ms: float = 0.0
    num_crashes: int = 0
    num_hangs: int = 0
    #: Seeds of the first that failed, and how.
    failures: list[str] = field(default_factory=list)


def measure(setup: Setup) -> Outcome:
    """Fuzz every target for a while."""
    del setup
    logging.disable()  # what is refused is told to whoever sent it, and to nobody here
    found = [fuzzed(target, run_s=_RUN_S, first_seed=1) for target in targets()]
    return Outcome(
        values={
            _CRASHES: sum(one.num_crashes for one in found),
            _HANGS: sum(one.num_hangs for one in found),
            _FEWEST: min(one.num_inputs for one in found),
        },
        figures={"targets": [asdict(one) for one in found]},
        rows=[
            (
                f"{one.name}: inputs; a second; slowest",
                f"{one.num_inputs:,}; {one.num_inputs / one.took_s:,.0f}; {one.slowest_ms:.0f} ms",
            )
            for one in found
        ],
    )


def fuzzed(
    target: FuzzTarget, *, run_s: float, first_seed: int, max_inputs: int | None = None
) -> Fuzzed:
    """Try inputs of seed after seed, until the time or their number is over."""
    found, began_s, seed = Fuzzed(name=target.name), time.perf_counter(), first_seed
    while found.took_s < run_s and (max_inputs is None or found.num_inputs < max_inputs):
        _try(target, seed, found)
        found.took_s = time.perf_counter() - began_s
        seed += 1
    return found


def example(target: FuzzTarget, seed: int) -> tuple[bytes, Random]:
    """The input of a seed, and the dice that go on from there."""
    dice = Random(f"{target.name} {seed}")
    return damaged(dice.choice(target.seeds), target.seeds, dice), dice


def _try(target: FuzzTarget, seed: int, found: Fuzzed) -> None:
    content, dice = example(target, seed)
    found.num_inputs += 1
    began_s = time.perf_counter()
    try:
        with _bounded(LONGEST_S):
            tried(target, content, dice)
    except HangError:
        found.num_hangs += 1
        _keep(found, f"seed {seed}: longer than {LONGEST_S:g} s")
    except Exception as exc:  # noqa: BLE001 - whatever it is, it is what is looked for
        found.num_crashes += 1
        _keep(found, f"seed {seed}: {type(exc).__name__}: {str(exc)[:200]}")
    found.slowest_ms = max(found.slowest_ms, 1000 * (time.perf_counter() - began_s))


def _keep(found: Fuzzed, failure: str) -> None:
    if len(found.failures) < _MAX_KEPT:
        found.failures.append(failure)


@contextmanager
def _bounded(longest_s: float) -> Iterator[None]:
    """Interrupt the block by a signal: a regular expression that hangs yields to nothing else."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, longest_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
