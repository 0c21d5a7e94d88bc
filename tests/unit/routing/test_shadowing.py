"""Shadows in a thread beside the answers."""

import json
import logging
import threading

from prometheus_client import REGISTRY

from orchestrator.routing.shadowing import BesideAnswers
from routers.shadow import Compared

LIMIT_S = 10


def counted(**labels):
    return REGISTRY.get_sample_value("orchestrator_shadow_total", labels) or 0.0


def settled(beside):
    """Once this has ended, so have the jobs before it."""
    done = threading.Event()
    while not beside.later(done.set):
        pass
    assert done.wait(LIMIT_S)


def test_a_job_runs_in_another_thread_than_who_asks():
    beside, seen = BesideAnswers(), []

    assert beside.later(lambda: seen.append(threading.current_thread()))
    settled(beside)

    assert seen != [threading.current_thread()]


def test_what_comes_while_too_much_waits_is_dropped_and_later_there_is_room_again():
    beside, gate = BesideAnswers(max_waiting=3), threading.Event()

    taken = [beside.later(lambda: gate.wait(LIMIT_S)) for _ in range(10)]
    gate.set()
    settled(beside)

    assert taken == [True] * 3 + [False] * 7


def test_a_job_that_fails_is_logged_and_the_next_one_runs(caplog):
    beside, seen = BesideAnswers(max_waiting=1), []

    def fail():
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR):
        for _ in range(5):
            while not beside.later(fail):
                pass
        while not beside.later(lambda: seen.append("ran")):
            pass
        settled(beside)

    assert seen == ["ran"]
    assert sum("a shadow failed" in record.message for record in caplog.records) == 5


def test_many_threads_ask_at_once_and_nothing_is_lost_or_kept():
    beside, done = BesideAnswers(max_waiting=8), []
    taken = []

    def ask():
        taken.extend([beside.later(lambda: done.append(1)) for _ in range(200)])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    settled(beside)

    assert len(done) == sum(taken)


def compared(agreed, other):
    return Compared(
        router="counted-main", shadow="counted-watch", chosen="one", other=other, agreed=agreed
    )


def test_comparisons_are_counted_by_router_shadow_and_whether_they_agreed():
    labels = {"router": "counted-main", "shadow": "counted-watch", "agreed": "no"}

    BesideAnswers().hear(compared("no", "two"))

    assert counted(**labels) == 1


def test_what_a_shadow_chose_is_a_line_of_the_log_and_what_it_did_not_is_none(caplog):
    with caplog.at_level(logging.INFO, logger="orchestrator.routing.shadowing"):
        for agreed, other in (("no", "two"), ("failed", None), ("dropped", None)):
            BesideAnswers().hear(compared(agreed, other))

    (line,) = caplog.messages
    assert json.loads(line) == {
        "action": "shadow", "router": "counted-main", "shadow": "counted-watch",
        "chosen": "one", "other": "two", "agreed": "no",
    }  # fmt: skip
