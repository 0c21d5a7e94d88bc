from orchestrator.residency.clock import ManualClock


def test_it_calls_back_in_order_of_time_and_tells_that_time():
    clock, heard = ManualClock(now_s=10), []
    for when in (12, 11):
        clock.call_at(when, lambda: heard.append(clock.time()))

    clock.advance(5)

    assert heard == [11, 12]
    assert clock.time() == 15


def test_a_cancelled_timer_stays_silent():
    clock, heard = ManualClock(), []
    timer = clock.call_at(1, lambda: heard.append("rang"))

    timer.cancel()
    clock.advance(2)

    assert heard == []
