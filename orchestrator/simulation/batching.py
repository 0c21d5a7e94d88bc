"""Engines that batch continuously, as far as time goes: how long tokens take beside others.

Engines of one slot share its accelerator: it runs a step of each in turn, so a step of one takes
as long as the steps of all that have something to do. A step reads the weights once, whatever the
batch, and adds a little for each answer in it; that is why batches of one expert are worth waiting
for. A prompt counts as a few more steps of its answer.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast an engine generates."""

    #: One step of one answer, seconds: reading the weights.
    step_s: float
    #: What each further answer of the batch adds to a step, seconds.
    step_s_per_answer: float
    #: Tokens of a prompt that are read in the time of one step.
    prompt_tokens_per_step: float

    def steps(self, *, prompt_tokens: int, output_tokens: int) -> float:
        """Steps that an answer takes, its prompt included."""
        return output_tokens + prompt_tokens / self.prompt_tokens_per_step

    def batch_step_s(self, num_answers: int) -> float:
        """One step of a batch, seconds; of an empty one none."""
        return self.step_s + self.step_s_per_answer * (num_answers - 1) if num_answers else 0.0


class Accelerator:
    """Advances the answers of all engines of one slot.

    Args:
        pace: of each of its engines.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._now_s = 0.0
        #: Rounds done; in one round each engine with answers does a step.
        self._rounds = 0.0
        self._round_s = 0.0
        self._num_by_engine: dict[str, int] = {}
        #: Round of its end and id of every answer.
        self._ends: list[tuple[float, int, str]] = []
        self.busy_s = 0.0

    def begin(self, answer: int, engine: str, *, steps: float, now_s: float) -> None:
        """Let an engine work on one more answer."""
        self._advance(now_s)
        heapq.heappush(self._ends, (self._rounds + steps, answer, engine))
        self._num_by_engine[engine] = self._num_by_engine.get(engine, 0) + 1
        self._pace_anew()

    def next_end_s(self) -> float | None:
        """When the next answer ends if no other begins, `None` where there is none."""
        if not self._ends:
            return None
        return self._now_s + max(self._ends[0][0] - self._rounds, 0.0) * self._round_s

    def end_next(self, *, now_s: float) -> int:
        """End the answer that is due at `now_s`, which `next_end_s` said."""
        self._advance(now_s)
        self._rounds, answer, engine = heapq.heappop(self._ends)
        self._num_by_engine[engine] -= 1
        self._pace_anew()
        return answer

    def _advance(self, now_s: float) -> None:
        passed_s, self._now_s = now_s - self._now_s, now_s
        if self._ends:
            self._rounds += passed_s / self._round_s
            self.busy_s += passed_s

    def _pace_anew(self) -> None:
        counts = self._num_by_engine.values()
        self._round_s = sum(self._pace.batch_step_s(count) for count in counts)
