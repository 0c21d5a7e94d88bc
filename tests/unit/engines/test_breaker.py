"""When an engine is left alone, and when it is asked again; on values and times alone."""

import pytest

from orchestrator.engines.breaker import (
    FIRST_PAUSE_S,
    MAX_PAUSE_S,
    MAX_RETRY_AFTER_S,
    WINDOW_S,
    Breaker,
    Failure,
    failure_of,
)
from orchestrator.errors import (
    BadCredentialsError,
    ContextTooLongError,
    EngineDeadError,
    EngineProtocolError,
    EngineTimeoutError,
    NotHostedError,
    OverloadedError,
    StalledError,
    SwapError,
)


def after(*failures: tuple[float, str], start: Breaker | None = None, **more) -> Breaker:
    breaker = start or Breaker()
    for at_s, kind in failures:
        breaker = breaker.failed(Failure(at_s=at_s, kind=kind, **more))
    return breaker


@pytest.mark.parametrize(
    ("failures", "state"),
    [
        ([(0, "dead")], "open"),
        ([(0, "timeout"), (1, "timeout")], "closed"),
        ([(0, "timeout"), (1, "timeout"), (2, "timeout")], "open"),
        ([(s, "protocol") for s in range(4)], "closed"),
        ([(s, "protocol") for s in range(5)], "open"),
        ([(0, "timeout"), (1, "timeout"), (2, "error"), (3, "protocol")], "open"),
        ([(s * WINDOW_S, "timeout") for s in range(9)], "closed"),
    ],
    ids=["gone", "2/3", "3/3", "4/5", "5/5", "2/3 + 1/5 + 1/5", "one a window"],
)
def test_a_circuit_opens_by_failures_of_a_kind_within_the_window(failures, state):
    assert after(*failures).state(failures[-1][0]) == state


def test_failures_among_many_more_answers_open_nothing():
    breaker = after((0, "timeout"))
    for _ in range(10):
        breaker = breaker.answered(1, began_s=0)

    breaker = after((2, "timeout"), (3, "timeout"), (4, "timeout"), start=breaker)

    assert breaker.state(4) == "closed"


def test_a_twentieth_of_failures_opens_nothing_however_long_it_lasts():
    breaker = Breaker()
    for call in range(2000):
        now_s = call / 30
        if call % 20:
            breaker = breaker.answered(now_s, began_s=now_s)
        else:
            breaker = after((now_s, "timeout"), start=breaker)
            assert breaker.state(now_s) == "closed"


@pytest.mark.parametrize("kind", ["timeout", "protocol", "error"])
def test_an_engine_that_has_failed_now_and_then_and_now_always_fails_is_left_alone_soon(kind):
    breaker = Breaker()
    for call in range(1000):
        failed = breaker.failed(Failure(at_s=call / 30, kind=kind))
        breaker = breaker.answered(call / 30, began_s=0) if call % 20 else failed
    for call in range(1000, 1010):
        breaker = after((call / 30, kind), start=breaker)

    assert breaker.state(1010 / 30) == "open"
    assert breaker.is_refusing(1010 / 30)


def test_a_failure_that_is_longer_ago_than_the_window_is_forgotten_with_its_answers():
    breaker = after((0, "timeout")).answered(1, began_s=0)

    assert breaker.answered(WINDOW_S, began_s=1) == Breaker()


def test_one_call_tries_a_half_open_circuit_and_the_others_wait_for_it():
    breaker = after((0, "dead"))

    assert breaker.is_avoided(FIRST_PAUSE_S - 0.1)
    assert not breaker.is_avoided(FIRST_PAUSE_S)
    assert breaker.tried(FIRST_PAUSE_S).is_avoided(FIRST_PAUSE_S)
    assert not breaker.tried(FIRST_PAUSE_S).given_up().is_avoided(FIRST_PAUSE_S)


def test_a_try_that_is_answered_closes_the_circuit():
    breaker = after((0, "dead")).tried(6).answered(7, began_s=6)

    assert breaker == Breaker()


def test_an_answer_that_began_before_the_circuit_opened_says_nothing():
    breaker = after((5, "dead")).answered(6, began_s=4)

    assert breaker.state(6) == "open"


def test_tries_that_fail_open_it_for_twice_as_long_up_to_a_bound():
    breaker, pauses, now_s = Breaker(), [], 0.0
    for _ in range(6):
        breaker = after((now_s, "timeout" if breaker.num_openings else "dead"), start=breaker)
        pauses.append(breaker.until_s - now_s)
        now_s = breaker.until_s

    assert pauses == [5, 10, 20, 40, MAX_PAUSE_S, MAX_PAUSE_S]


def test_an_upstream_that_is_down_for_days_is_still_tried_once_a_minute():
    breaker = Breaker()
    for minute in range(3 * 24 * 60):
        breaker = after((minute * MAX_PAUSE_S, "dead"), start=breaker)

    assert breaker.until_s == (minute + 1) * MAX_PAUSE_S


@pytest.mark.parametrize(
    ("asked_s", "pause_s"), [(20.0, 20.0), (1.0, 1.0), (1e9, MAX_RETRY_AFTER_S)]
)
def test_an_engine_that_says_when_to_come_back_is_believed_within_reason(asked_s, pause_s):
    breaker = after((0, "limited"), (0, "limited"), (0, "limited"), retry_after_s=asked_s)

    assert breaker.until_s == pause_s
    assert breaker.is_refusing(pause_s - 0.1)
    assert not breaker.is_refusing(pause_s)


def test_one_refused_call_has_others_ask_elsewhere_first_until_one_is_answered():
    breaker = after((0, "limited"), retry_after_s=20.0)

    assert breaker.is_avoided(1)
    assert not breaker.is_refusing(1)
    assert breaker.answered(2, began_s=1) == Breaker()


def test_one_lost_connection_refuses_nobody_and_three_in_a_row_do():
    breaker = after((0, "dead"))

    assert not breaker.is_refusing(1)
    assert after((1, "dead"), (2, "dead"), start=breaker).is_refusing(3)


@pytest.mark.parametrize(
    ("error", "of_slot", "of_upstream"),
    [
        (EngineDeadError(""), "dead", "dead"),
        (StalledError(""), "timeout", "timeout"),
        (EngineTimeoutError(""), None, "timeout"),
        (OverloadedError("", retry_after_s=2), None, "limited"),
        (OverloadedError(""), None, "error"),
        (EngineProtocolError(""), None, "protocol"),
        (BadCredentialsError(""), None, "error"),
        (SwapError(""), None, "error"),
        (NotHostedError(""), None, None),
        (ContextTooLongError(""), None, None),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else str(one),
)
def test_what_an_error_says_of_slots_and_of_upstreams(error, of_slot, of_upstream):
    found = [failure_of(error, at_s=0, is_slot=is_slot) for is_slot in (True, False)]

    assert [one and one.kind for one in found] == [of_slot, of_upstream]
