"""Engines that batch continuously, as far as time goes: how long tokens take beside others.

Engines of one slot share its accelerator: it runs a step of each in turn, so a step of one takes
as long as the steps of all that have something to do. On a CPU as many run at once as there are
cores for. A step reads the weights once, whatever the batch, and adds a little for each answer in
it; that is why batches of one expert are worth waiting for. A prompt counts as a few more steps of
its answer.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field


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


@dataclass(slots=True)
class _Batch:
    """What one engine works on."""

    #: Steps done since its start, and what one takes now.
    steps: float = 0.0
    step_s: float = 0.0
    #: Step of its end and id of every answer.
    ends: list[tuple[float, int]] = field(default_factory=list)


class Accelerator:
    """Advances the answers of all engines of one slot.

    Args:
        pace: of each of its engines.
        lanes: steps that run at once without slowing one another.
    """

    def __init__(self, pace: Pace, *, lanes: int = 1) -> None:
        self._pace = pace
        self._lanes = lanes
        self._now_s = 0.0
        self._batches: dict[str, _Batch] = {}
        self.busy_s = 0.0

    def begin(self, answer: int, engine: str, *, steps: float, now_s: float) -> None:
        """Let an engine work on one more answer."""
        self._advance(now_s)
        batch = self._batches.setdefault(engine, _Batch())
        heapq.heappush(batch.ends, (batch.steps + steps, answer))
        self._pace_anew()

    def leave(self, answer: int, engine: str, *, now_s: float) -> None:
        """Give an answer up; what was said of it is lost."""
        self._advance(now_s)
        batch = self._batches[engine]
        batch.ends = [one for one in batch.ends if one[1] != answer]
        heapq.heapify(batch.ends)
        self._pace_anew()

    def next_end_s(self) -> float | None:
        """When the next answer ends if no other begins, `None` where there is none."""
        return min((self._end_s(batch) for batch in self._working()), default=None)

    def end_next(self, *, now_s: float) -> int:
        """End the answer that is due at `now_s`, which `next_end_s` said."""
        batch = min(self._working(), key=self._end_s)
        self._advance(now_s)
        batch.steps, answer = heapq.heappop(batch.ends)
        self._pace_anew()
        return answer

    def _working(self) -> list[_Batch]:
        return [batch for batch in self._batches.values() if batch.ends]

    def _end_s(self, batch: _Batch) -> float:
        return self._now_s + max(batch.ends[0][0] - batch.steps, 0.0) * batch.step_s

    def _advance(self, now_s: float) -> None:
        passed_s, self._now_s = now_s - self._now_s, now_s
        working = self._working()
        for batch in working:
            batch.steps += passed_s / batch.step_s
        if working:
            self.busy_s += passed_s

    def _pace_anew(self) -> None:
        working = self._working()
        own_s = [self._pace.batch_step_s(len(batch.ends)) for batch in working]
        shared_s = sum(own_s) / self._lanes
        for batch, step_s in zip(working, own_s, strict=True):
            batch.step_s = max(step_s, shared_s)
