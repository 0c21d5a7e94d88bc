from orchestrator import metrics
from orchestrator.engines.meters import Meters
from orchestrator.engines.recent_uses import Reuse
from orchestrator.engines.slot import SlotReport
from orchestrator.errors import OverloadedError, SwapError


def value(metric, *labels):
    return metric.labels(*labels)._value.get()


def test_steps_that_fail_are_counted_by_why_and_not_timed():
    meters = Meters("failing")

    meters.stepped("wake", took_s=9.0, error=SwapError("canary"), num_evicted=0)
    meters.stepped("wake", took_s=0.25, error=None, num_evicted=2)

    assert value(metrics.SWAPS, "failing", "wake", "swap_failed") == 1
    assert metrics.SWAP_SECONDS.labels("failing", "wake")._sum.get() == 0.25
    assert value(metrics.EVICTIONS, "failing", "wake") == 2


def test_who_is_not_let_wait_is_refused_without_a_wait():
    meters = Meters("full")

    meters.refused(OverloadedError("full", reason="queue_full"), waited_s=None)
    meters.refused(OverloadedError("late", reason="bound_passed"), waited_s=5.0)
    meters.refused(SwapError("canary"), waited_s=None)

    reasons = ("queue_full", "bound_passed", "swap_failed")
    assert [value(metrics.REFUSALS, "full", one) for one in reasons] == [1, 1, 1]
    assert metrics.QUEUE_WAIT_SECONDS.labels("full", "overloaded")._sum.get() == 5.0


def test_waits_are_told_apart_by_how_they_end():
    meters = Meters("waits")

    meters.admitted(waited_s=1.5, is_hit=True)
    meters.admitted(waited_s=0.5, is_hit=False)
    meters.left(waited_s=3.0)

    assert metrics.QUEUE_WAIT_SECONDS.labels("waits", "admitted")._sum.get() == 2.0
    assert metrics.QUEUE_WAIT_SECONDS.labels("waits", "left")._sum.get() == 3.0
    assert [value(metrics.ADMISSIONS, "waits", one) for one in ("hit", "miss")] == [1, 1]


def test_gauges_show_what_a_report_says_of_now():
    reuse = Reuse(num_uses=4, horizon=64, capacity=1, srp=0.25, sch=0.5)
    report = SlotReport(
        name="gauged",
        hosts=(),
        device_gib=3.0,
        device_room_gib=4.0,
        host_gib=1.0,
        broken={"law@1": "its canary differs"},
        reuse=reuse,
    )

    Meters("gauged").see(report)

    taken = [value(metrics.MEMORY_GIB, "gauged", one, "taken") for one in ("device", "host")]
    assert taken == [3.0, 1.0]
    assert value(metrics.MEMORY_GIB, "gauged", "device", "room") == 4.0
    assert value(metrics.BROKEN_EXPERTS, "gauged") == 1
    assert value(metrics.TRACE_SRP, "gauged") == 0.25
    assert value(metrics.TRACE_SCH, "gauged") == 0.5
