"""What happened to runs so far: for progress, charts, and for learning what calls take."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator import metrics
from orchestrator.batch.progress import SlotRun
from orchestrator.batch.surroundings import Paced

#: Tokens of the last so many seconds are `lately`.
_LATELY_S = 10.0
#: Runs that are remembered; of a longer execution the last.
_MAX_RUNS = 10_000


@dataclass(slots=True, eq=False)
class LoggedRun:
    """Consecutive calls of one expert on one slot."""

    slot: str
    expert: str
    begins_s: float
    is_swapped: bool
    #: What its step takes, where it began with one, seconds.
    step_s: float = 0.0
    num_calls: int = 0
    num_done: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    #: When its first and its last call so far ended.
    first_s: float | None = None
    last_s: float = 0.0
    ends_s: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether none of its calls is under way."""
        return self.num_done >= self.num_calls

    @property
    def took_s(self) -> float:
        """What its calls took, its step apart, seconds; a call that has ended says it was over."""
        first_s = self.begins_s if self.first_s is None else self.first_s
        step_s = min(self.step_s, max(first_s - self.begins_s, 0.0))
        return self.last_s - self.begins_s - step_s

    def told(self) -> SlotRun:
        """As progress has it."""
        return SlotRun(
            slot=self.slot,
            expert=self.expert,
            num_calls=self.num_calls,
            num_done=self.num_done,
            begins_s=self.begins_s,
            ends_s=self.last_s if self.ends_s is None and self.is_over else self.ends_s,
            is_swapped=self.is_swapped,
        )


class RunLog:
    """Runs of all slots since the execution began.

    Args:
        clock: seconds, monotonic.
        paces: told of every run that has ended.
    """

    def __init__(self, *, clock: Callable[[], float], paces: Paced | None = None) -> None:
        self._clock = clock
        self._paces = paces
        self.began_s = clock()
        self._current: dict[str, list[LoggedRun]] = {}
        self._ended: deque[LoggedRun] = deque(maxlen=_MAX_RUNS)
        self._lately: deque[tuple[float, int]] = deque()
        self.num_swaps = 0

    @property
    def now_s(self) -> float:
        """Since the execution began."""
        return self._clock() - self.began_s

    def let_go(
        self, slot: str, expert: str, *, is_resident: bool, swap_s: float = 0.0
    ) -> LoggedRun:
        """A call goes to a slot; the run it is a part of.

        Args:
            slot: its name.
            expert: whom it is for.
            is_resident: whether the slot answers for the expert without a step.
            swap_s: what a step takes, seconds.
        """
        runs = self._current.setdefault(slot, [])
        found = next((run for run in runs if run.expert == expert), None)
        if found is None:
            is_swapped = not is_resident and (not runs or runs[-1].expert != expert)
            step_s = swap_s if is_swapped else 0.0
            found = LoggedRun(slot, expert, self.now_s, is_swapped, step_s)
            self.num_swaps += is_swapped
            metrics.BATCH_RUNS.labels(slot, "miss" if is_swapped else "hit").inc()
            runs.append(found)
        found.num_calls += 1
        return found

    def done(self, run: LoggedRun, *, prompt_tokens: int, output_tokens: int) -> None:
        """One of its calls is over."""
        now_s = self.now_s
        run.num_done += 1
        run.prompt_tokens += prompt_tokens
        run.output_tokens += output_tokens
        run.first_s, run.last_s = run.first_s or now_s, now_s
        self._lately.append((now_s, prompt_tokens + output_tokens))
        self._close(run.slot)

    @property
    def tokens_per_s(self) -> float:
        """Lately."""
        now_s = self.now_s
        while self._lately and self._lately[0][0] < now_s - _LATELY_S:
            self._lately.popleft()
        return sum(tokens for _, tokens in self._lately) / max(min(now_s, _LATELY_S), 1e-3)

    @property
    def current(self) -> tuple[SlotRun, ...]:
        """Under way, one or two a slot."""
        return tuple(run.told() for runs in self._current.values() for run in runs)

    @property
    def ended(self) -> tuple[SlotRun, ...]:
        """Those before, in order of their ends."""
        return tuple(run.told() for run in self._ended)

    def _close(self, slot: str) -> None:
        """End runs whose calls are all over, once another one has begun."""
        runs = self._current[slot]
        while len(runs) > 1 and runs[0].is_over:
            self._end(runs.pop(0))
            # Its calls may end before the last of the run before it.
            after_s = max(runs[0].begins_s, self._ended[-1].ends_s or 0.0)
            first_s = runs[0].first_s
            runs[0].begins_s = after_s if first_s is None else min(after_s, first_s)

    def close(self) -> None:
        """End all: nothing more comes."""
        for runs in self._current.values():
            for run in runs:
                self._end(run)
        self._current.clear()

    def _end(self, run: LoggedRun) -> None:
        run.ends_s = run.last_s or self.now_s
        self._ended.append(run)
        if self._paces is not None and run.num_done:
            self._paces.observe(
                run.expert,
                num_calls=run.num_done,
                prompt_tokens=run.prompt_tokens,
                output_tokens=run.output_tokens,
                took_s=run.took_s,
            )
