"""One line a decision and a step, as JSON; admissions only where somebody wants them."""

import json
import logging
from dataclasses import replace
from math import inf

import pytest

from orchestrator import metrics
from orchestrator.engines.journal import Journal
from orchestrator.errors import EngineDeadError, OverloadedError, SwapError
from orchestrator.residency.decision import Decision
from orchestrator.residency.tickets import Ticket

TICKET = Ticket(id=1, expert="law@2", arrived_s=0.0)
SWAP = Decision(
    what="swap", engine="e1", expert="law@2", why="2 calls wait", num_waiting=2, expected_s=0.04567
)
LOGGER = "orchestrator.engines.journal"


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.INFO, logger=LOGGER)
    return lambda: [json.loads(line) for line in caplog.messages]


def test_a_step_that_fails_is_an_error_with_its_reason(told, caplog):
    Journal("failed").stepped(
        "wake", engine="e1", expert="law@2", took_s=1.0, error=SwapError("canary"), num_evicted=0
    )

    [line] = told()
    assert len(line.pop("swap_id")) == 16
    assert [line] == [
        {
            "action": "step", "slot": "failed", "step": "wake", "engine": "e1", "expert": "law@2",
            "outcome": "swap_failed", "took_s": 1.0, "reason": "canary",
        }
    ]  # fmt: skip
    assert caplog.records[0].levelno == logging.ERROR


def test_a_death_names_its_engine(told):
    Journal("local").died("e1", EngineDeadError("its process is gone"))

    assert told() == [
        {"action": "death", "slot": "local", "engine": "e1", "reason": "its process is gone"}
    ]


def test_a_decision_is_one_line_with_its_reason_and_its_cost(told):
    Journal("local").decided(SWAP)

    assert told() == [
        {
            "action": "decision", "slot": "local", "decision": "swap", "engine": "e1",
            "expert": "law@2", "why": "2 calls wait", "num_waiting": 2, "expected_s": 0.0457,
        }
    ]  # fmt: skip


def test_a_cost_that_nobody_knows_is_null(told):
    Journal("local").decided(Decision(what="drain", why="late", num_waiting=1, expected_s=inf))

    assert told()[0]["expected_s"] is None


def test_admissions_are_lines_only_where_somebody_wants_them(told, caplog):
    journal = Journal("admitting")
    journal.admitted(TICKET, engine="e1", waited_s=0.5, is_hit=False)
    assert told() == []

    caplog.set_level(logging.DEBUG, logger=LOGGER)
    journal.admitted(TICKET, engine="e1", waited_s=0.5, is_hit=True)

    assert [(one["decision"], one["is_hit"]) for one in told()] == [("admit", True)]
    assert metrics.ADMISSIONS.labels("admitting", "miss")._value.get() == 1


def test_what_became_of_callers_is_counted_and_not_told(told):
    journal = Journal("callers")

    journal.refused(TICKET, OverloadedError("late"), waited_s=5.0)
    journal.left(TICKET, waited_s=2.0)
    journal.queued(3, num_in_background=2)

    assert told() == []
    assert metrics.BACKGROUND_QUEUE_LENGTH.labels("callers")._value.get() == 2
    assert metrics.REFUSALS.labels("callers", "overloaded")._value.get() == 1
    assert metrics.QUEUE_WAIT_SECONDS.labels("callers", "left")._sum.get() == 2.0
    assert metrics.QUEUE_LENGTH.labels("callers")._value.get() == 3


def test_turns_of_background_calls_are_counted_apart(told):
    journal = Journal("background")
    nobodys = replace(TICKET, is_background=True)

    journal.admitted(nobodys, engine="llama", waited_s=300.0, is_hit=True)
    journal.recalled(nobodys, engine="llama")

    assert [
        metrics.BACKGROUND_CALLS.labels("background", event)._value.get()
        for event in ("admitted", "recalled")
    ] == [1, 1]
    assert metrics.QUEUE_WAIT_SECONDS.labels("background", "admitted")._sum.get() == 0
