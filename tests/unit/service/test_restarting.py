"""Restarts on a roll call whose replicas the tests play."""

import asyncio
import json
import logging
from dataclasses import dataclass, field, replace

import pytest

from orchestrator.api.restart_control import RestartState
from orchestrator.errors import ConflictError, ExpertUnavailableError, NotFoundError
from orchestrator.service.reports import WorkerReport
from orchestrator.service.restarting import Restarting
from orchestrator.service.rollcall import Rollcall
from tests.polling import until
from tests.unit.service.calling import FRENCH, MATHS, Clock, gateway, lineage, plan, worker


@dataclass
class Played:
    """Serve, one worker and its calls."""

    rollcall: Rollcall
    num_in_flight: int = 0
    #: Whether Serve takes orders.
    takes: bool = True
    renewed: list[str] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=lambda: {"RUNNING": 1})

    async def renew(self, deployment: str) -> None:
        if not self.takes:
            raise ExpertUnavailableError("Serve does not answer")
        self.renewed.append(deployment)

    async def look(self, slot: str) -> WorkerReport:
        return self.report(slot, process=1)

    def report(self, slot: str, *, process: int) -> WorkerReport:
        said = worker(self.rollcall, slot, MATHS if slot == "a" else FRENCH, llama="up")
        assert said.report is not None
        (host,) = said.report.hosts
        calls = {MATHS.key: self.num_in_flight} if self.num_in_flight else {}
        told = replace(said.report, hosts=(replace(host, in_flight=calls),))
        return replace(said, report=told, process=process)

    def hear(self, slot: str, *, process: int) -> None:
        self.rollcall.hear_worker(self.report(slot, process=process))


@pytest.fixture
def played():
    rollcall = Rollcall(clock=Clock())
    rollcall.settle(plan(1, a=[lineage("llama", MATHS)], b=[lineage("qwen", FRENCH)]))
    rollcall.hear_gateway(gateway())
    found = Played(rollcall=rollcall)
    for slot in "ab":
        found.hear(slot, process=1)
    return found


def restarting(played: Played) -> Restarting:
    return Restarting(played.rollcall, played, clock=Clock(), states=lambda: played.states)


async def ended(restarts: Restarting) -> RestartState:
    """The state once nothing is under way."""
    async with asyncio.timeout(5):
        while (state := await restarts.restarting()).is_under_way:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return state


async def test_a_slot_is_taken_out_emptied_replaced_and_given_calls_again(played):
    restarts = restarting(played)
    played.num_in_flight = 1
    await restarts.restart("a")
    await until(lambda: played.rollcall.table().awaited == {MATHS.key})
    assert played.rollcall.table().slots_by_expert == {FRENCH.key: ("b",)}

    for _ in range(2):
        played.rollcall.hear_gateway(gateway())
    assert played.renewed == []
    played.num_in_flight = 0
    await until(lambda: played.renewed == ["slot-a"])
    played.hear("a", process=2)
    await until(lambda: not (played.rollcall.table().awaited))

    assert played.rollcall.table().slots(MATHS.key) == ("a",)
    state = await ended(restarts)
    assert (state.done, state.left, state.error) == (("a",), (), None)


async def test_a_slot_is_not_replaced_before_every_gateway_knows(played):
    restarts = restarting(played)
    await restarts.restart("a")
    await until(lambda: played.rollcall.table().awaited)

    played.rollcall.hear_gateway(gateway())  # it is answered with the new table only now
    for _ in range(20):
        await asyncio.sleep(0)

    assert played.renewed == []


async def test_what_serve_refuses_ends_the_restart_and_the_slot_takes_calls_again(played, caplog):
    caplog.set_level(logging.INFO)
    restarts = restarting(played)
    played.takes = False
    await restarts.restart("workers")
    await until(lambda: played.rollcall.table().awaited)
    for _ in range(2):
        played.rollcall.hear_gateway(gateway())

    await until(lambda: not played.rollcall.table().awaited)
    state = await ended(restarts)

    assert (state.done, state.left, state.error) == ((), ("a", "b"), "Serve does not answer")
    assert lives_told(caplog) == [
        ("worker", "a", "draining", "an operator asked for a restart of workers"),
        ("worker", "a", "resumed", "Serve does not answer"),
    ]


def lives_told(caplog) -> list[tuple[str, str | None, str, str]]:
    """Process, slot, state and reason of each `life` event, in order."""
    lines = [one.getMessage() for one in caplog.records]
    events = [json.loads(line) for line in lines if line.startswith('{"action":"life"')]
    return [(one["process"], one.get("slot"), one["state"], one["reason"]) for one in events]


async def test_gateways_are_new_once_serve_has_ended_the_old_ones_and_new_ones_are_heard(played):
    restarts = restarting(played)
    played.states = {"RUNNING": 1, "STOPPING": 1}
    await restarts.restart("gateways")
    await until(lambda: played.renewed == ["gateway"])
    played.rollcall.hear_gateway(gateway("new"))
    assert (await restarts.restarting()).is_under_way

    played.states = {"RUNNING": 1}

    state = await ended(restarts)
    assert state.done == ("gateways",)


async def test_a_second_restart_and_one_during_an_edit_are_refused(played):
    restarts = restarting(played)
    played.rollcall.announce(2)
    with pytest.raises(ConflictError, match="edit of the registry"):
        await restarts.restart("a")
    played.rollcall.withdraw()
    await restarts.restart("a")

    with pytest.raises(ConflictError, match="restart of 'a' is under way"):
        await restarts.restart("b")


async def test_an_unknown_slot_is_refused_with_those_there_are(played):
    with pytest.raises(NotFoundError, match="known: gateways, workers, a, b"):
        await restarting(played).restart("c")
