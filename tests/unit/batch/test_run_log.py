"""What is logged of runs, and what is learned of them."""

from dataclasses import dataclass, field

import pytest

from orchestrator.batch.run_log import RunLog


@dataclass
class Heard:
    """A clock that tests set, and seconds by expert as they were told."""

    now_s: float = 0.0
    took_s: dict[str, float] = field(default_factory=dict)

    def observe(self, expert, *, num_calls, prompt_tokens, output_tokens, took_s):
        self.took_s[expert] = took_s


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def log(heard):
    return RunLog(clock=lambda: heard.now_s, paces=heard)


def ended(log: RunLog, heard: Heard, run, at_s: float) -> None:
    heard.now_s = at_s
    log.done(run, prompt_tokens=10, output_tokens=5)


def test_a_step_that_was_shorter_than_foreseen_takes_nothing_of_the_calls(log, heard):
    swapped = [log.let_go("a", "law", is_resident=False, swap_s=1.0) for _ in range(3)]
    for run, at_s in zip(swapped, (0.2, 0.3, 0.7), strict=True):
        ended(log, heard, run, at_s)

    log.close()

    # The step cannot have lasted beyond the first end, at 0.2 s.
    assert heard.took_s == {"law": pytest.approx(0.5)}


def test_a_step_as_foreseen_is_taken_from_the_run(log, heard):
    swapped = [log.let_go("a", "law", is_resident=False, swap_s=1.0) for _ in range(2)]
    for run, at_s in zip(swapped, (1.5, 3.0), strict=True):
        ended(log, heard, run, at_s)

    log.close()

    assert heard.took_s == {"law": pytest.approx(2.0)}


def test_a_run_whose_calls_end_before_the_last_of_the_run_before_ends_after_it_begins(log, heard):
    before = [log.let_go("a", "maths", is_resident=True) for _ in range(2)]
    after = log.let_go("a", "law", is_resident=False, swap_s=0.1)
    ended(log, heard, before[0], 1.0)
    ended(log, heard, after, 1.3)
    ended(log, heard, before[1], 1.6)

    log.close()

    first, second = log.ended
    assert (first.expert, first.ends_s) == ("maths", 1.6)
    assert (second.expert, second.begins_s, second.ends_s) == ("law", 1.3, 1.3)
