"""What a gateway turns away at once, and when it stops."""

import asyncio
import json
import logging

import pytest

from orchestrator.api.exchange import BATCH
from orchestrator.api.settings import ApiSettings
from orchestrator.api.shedding import NUM_TICKS, Bounds, Shedding
from orchestrator.engines.fake import FakeEngine
from orchestrator.errors import OverloadedError
from orchestrator.residency.clock import ManualClock
from tests.served import Service, fault

CHAT = {"path": "/v1/chat/completions", "headers": []}
BOUNDS = Bounds(max_in_flight=2, max_delay_s=1.0)


class TickingClock(ManualClock):
    """Calls back late: by so many seconds, one after the other."""

    def __init__(self, late_s) -> None:
        super().__init__()
        self._late_s = iter(late_s)
        self._waiting = None

    def call_at(self, when, callback, /):
        self._waiting = (when, callback)
        return super().call_at(float("inf"), callback)

    def run(self) -> None:
        for late_s in self._late_s:
            when, callback = self._waiting
            self.advance(when + late_s - self.time())
            callback()


@pytest.mark.parametrize(
    ("num_in_flight", "delay_s", "max_wait_s", "reason"),
    [
        (1, 1.0, 1.0, None),
        (2, 0.0, 1.0, "in_flight"),
        (0, 1.1, 2.0, "delay"),
        (0, 0.6, 0.5, "max_wait"),
    ],
)
def test_one_more_is_too_much_beyond_a_bound(num_in_flight, delay_s, max_wait_s, reason):
    found = BOUNDS.exceeded(num_in_flight=num_in_flight, delay_s=delay_s, max_wait_s=max_wait_s)

    assert found == reason


def shedding(clock: ManualClock | None = None) -> Shedding:
    found = clock or ManualClock()
    return Shedding(BOUNDS, loop=lambda: found)


def test_what_has_ended_makes_room():
    subject = shedding()

    for _ in range(5):
        with subject.entered(CHAT), subject.entered(CHAT):
            assert subject.num_in_flight == 2
    assert subject.num_in_flight == 0


@pytest.mark.parametrize(
    "scope", [{**CHAT, BATCH: "batch_1"}, {"path": "/readyz"}, {"path": "/v1/batches"}],
    ids=["a line of a batch", "a probe", "a batch"],
)  # fmt: skip
def test_only_callers_who_wait_for_tokens_are_turned_away(scope):
    subject = shedding()

    with subject.entered(CHAT), subject.entered(CHAT), subject.entered(scope):
        assert subject.num_in_flight == 2
        with pytest.raises(OverloadedError, match="answers 2 requests"), subject.entered(CHAT):
            raise AssertionError("it was let in")


def ticked(*late_s: float) -> Shedding:
    """A gateway with one request in flight whose loop came to its ticks so late."""
    clock = TickingClock(late_s)
    subject = shedding(clock)
    with subject.entered(CHAT):
        clock.run()
    return subject


@pytest.mark.parametrize(
    ("late_s", "delay_s"),
    [
        ([1.5] * NUM_TICKS, 1.5),
        ([9.0, 0.0, 0.0, 0.0], 0.0),
        ([3.0, 2.0, 1.5, 2.0, 2.5], 1.5),
        ([9.0] * (NUM_TICKS - 1), 0.0),
    ],
    ids=["always", "once", "less and less", "not for long enough"],
)
def test_who_comes_now_meets_the_least_delay_of_the_last_ticks(late_s, delay_s):
    assert ticked(*late_s).delay_s == pytest.approx(delay_s)


def test_a_gateway_that_stays_late_turns_away_and_says_for_how_long():
    subject = ticked(*[1.5] * NUM_TICKS)

    with pytest.raises(OverloadedError, match=r"1\.5 s late") as refused, subject.entered(CHAT):
        raise AssertionError("it was let in")

    assert refused.value.retry_after_s == pytest.approx(3.0)


def asking(max_wait: str) -> dict:
    return CHAT | {"headers": [(b"x-orchestrator-max-wait-s", max_wait.encode())]}


def test_a_request_that_waits_no_longer_than_the_gateway_is_late_is_turned_away(caplog):
    caplog.set_level(logging.INFO)
    subject = ticked(*[0.8] * NUM_TICKS)

    with (
        pytest.raises(
            OverloadedError,
            match=r"0\.8 s late with whatever it does, and the request waits no longer than 0\.5",
        ),
        subject.entered(asking("0.5")),
    ):
        raise AssertionError("it was let in")

    assert "shed" not in caplog.text  # the gateway sheds nobody else


@pytest.mark.parametrize("max_wait", ["2", "soon", "-1"])
def test_a_request_that_waits_for_longer_is_let_in(max_wait):
    subject = ticked(*[0.8] * NUM_TICKS)

    with subject.entered(asking(max_wait)):
        assert subject.num_in_flight == 1


def test_turning_away_is_told_once_as_it_begins_and_as_it_ends(caplog):
    caplog.set_level(logging.INFO)
    clock = ManualClock()
    subject = shedding(clock)
    with subject.entered(CHAT), subject.entered(CHAT):
        for _ in range(3):
            with pytest.raises(OverloadedError), subject.entered(CHAT):
                raise AssertionError("it was let in")
    clock.advance(5.0)
    with subject.entered(CHAT):
        told = [json.loads(record.message) for record in caplog.records]

    assert [(one["action"], one["state"]) for one in told] == [("shed", "begun"), ("shed", "ended")]


async def test_a_gateway_with_too_many_answers_503_before_it_reads_a_body():
    gate = asyncio.Event()
    service = Service(engine=FakeEngine(gate=gate), settings=ApiSettings(max_in_flight=1))
    async with service.client() as client:
        body = {"model": "math", "messages": [{"role": "user", "content": "1+1?"}]}
        first = asyncio.create_task(client.post("/v1/chat/completions", json=body))
        await service.engine.arrived.wait()
        refused = await client.post("/v1/chat/completions", content=b"never read")
        alive = await client.get("/healthz")
        gate.set()
        answered = await first

    assert (refused.status_code, fault(refused)["code"]) == (503, "overloaded")
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["x-should-retry"] == "true"
    assert (alive.status_code, answered.status_code) == (200, 200)
