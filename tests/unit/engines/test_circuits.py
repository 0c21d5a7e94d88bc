"""Circuits as dispatch goes by them."""

import asyncio
import json
import logging

import pytest

from orchestrator.engines.base import Call, Text
from orchestrator.engines.breaker import FIRST_PAUSE_S
from orchestrator.engines.collecting import collect
from orchestrator.engines.dispatch import Dispatch
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import (
    EngineDeadError,
    EngineError,
    EngineProtocolError,
    ExpertUnavailableError,
    InvalidRequestError,
    OverloadedError,
    StalledError,
)
from orchestrator.residency.clock import ManualClock
from orchestrator.residency.placement import DispatchTable

KEY = "hosted@1"
LIMITED = OverloadedError("slow down", retry_after_s=20.0)


class Asked:
    """A dispatch over one upstream whose script may change, on a clock of its own."""

    def __init__(self, fails=None, **script) -> None:
        self.clock = ManualClock()
        self.script = Script(fails=fails, **script)
        self.engine = FakeEngine(script=lambda _: self.script)
        self.table = DispatchTable(slots_by_expert={})
        self.remotes = {KEY: self.engine}
        self.dispatch = Dispatch(
            self.table, slots={}, remotes=self.remotes, refresh=self._refresh, clock=self.clock.time
        )

    async def _refresh(self) -> DispatchTable:
        return self.table

    async def ask(self, **fields) -> str:
        call = Call(
            id="c", expert="hosted", generation=1, version="1", prompt=Text(text="hi"), **fields
        )
        return (await collect(self.dispatch.generate(call))).choices[0].text

    async def fail(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises((EngineError, ExpertUnavailableError)):
                await self.ask()

    @property
    def is_reachable(self) -> bool:
        return not self.dispatch.unreachable(frozenset({KEY}))


async def test_an_upstream_that_breaks_off_again_and_again_is_asked_no_more():
    asked = Asked(EngineProtocolError("cut"), fails_at=1)
    await asked.fail(5)

    with pytest.raises(ExpertUnavailableError, match="left alone for 5 s") as refused:
        await asked.ask()

    assert refused.value.retry_after_s == FIRST_PAUSE_S
    assert len(asked.engine.calls) == 5
    assert not asked.is_reachable


async def test_an_upstream_that_has_recovered_is_found_by_one_call():
    asked = Asked(EngineDeadError("gone"))
    await asked.fail(3)
    asked.script = Script(says="back")
    asked.clock.advance(FIRST_PAUSE_S)

    assert asked.is_reachable
    assert await asked.ask() == "back"
    assert await asked.ask() == "back"


async def test_while_one_call_tries_an_upstream_the_others_are_refused():
    asked = Asked(EngineDeadError("gone"))
    await asked.fail(3)
    asked.clock.advance(FIRST_PAUSE_S)
    asked.script = Script(says="back", gate=asyncio.Event())
    asked.engine.arrived.clear()
    first = asyncio.create_task(asked.ask())
    await asked.engine.arrived.wait()

    with pytest.raises(ExpertUnavailableError):
        await asked.ask()
    asked.script.gate.set()

    assert await first == "back"


async def test_a_try_whose_caller_hangs_up_leaves_the_next_one_a_try():
    asked = Asked(EngineDeadError("gone"))
    await asked.fail(3)
    asked.clock.advance(FIRST_PAUSE_S)
    asked.script = Script(says="back", gate=asyncio.Event())
    asked.engine.arrived.clear()
    first = asyncio.create_task(asked.ask())
    await asked.engine.arrived.wait()
    first.cancel()
    await asyncio.wait((first,))
    asked.script.gate.set()

    assert await asked.ask() == "back"


async def test_an_upstream_that_asks_for_a_pause_gets_it():
    asked = Asked(LIMITED)
    await asked.fail(1)

    asked.clock.advance(19.0)
    assert not asked.is_reachable
    asked.clock.advance(1.0)
    assert asked.is_reachable


async def test_what_is_the_callers_fault_leaves_circuits_closed():
    asked = Asked(InvalidRequestError("no"))

    for _ in range(20):
        with pytest.raises(InvalidRequestError):
            await asked.ask()

    assert asked.is_reachable


async def test_an_edited_upstream_begins_with_a_closed_circuit():
    asked = Asked(LIMITED)
    await asked.fail(3)

    asked.remotes.clear()
    asked.dispatch.adopt(asked.table)
    asked.remotes[KEY] = FakeEngine("again")
    asked.dispatch.adopt(asked.table)

    assert await asked.ask() == "again"


async def test_every_change_of_a_circuit_is_told_once(caplog):
    asked = Asked(EngineDeadError("gone"))
    caplog.set_level(logging.INFO)
    await asked.fail(2)
    asked.script = Script(says="back")
    asked.clock.advance(FIRST_PAUSE_S)
    await asked.ask()

    told = [json.loads(r.message) for r in caplog.records if '"breaker"' in r.message]

    assert [(one["state"], one["reason"]) for one in told] == [
        ("open", "dead (engine_dead)"),
        ("half_open", "its pause is over"),
        ("closed", "it has answered"),
    ]
    assert (told[0]["engine"], told[0]["retry_s"]) == (KEY, FIRST_PAUSE_S)


async def test_an_answer_that_stalls_ends_as_stalled_long_before_its_time():
    asked = Asked(says="one two", gate=asyncio.Event(), gate_at=1)

    with pytest.raises(StalledError, match=r"nothing came for 0\.05 s"):
        await asked.ask(stall_s=0.05, timeout_s=60)


async def test_what_waits_for_its_first_chunk_does_not_stall():
    gate = asyncio.Event()
    asked = Asked(says="one", gate=gate)
    asyncio.get_running_loop().call_later(0.15, gate.set)

    assert await asked.ask(stall_s=0.05) == "one"


async def test_slow_words_that_keep_coming_do_not_stall():
    asked = Asked(says="a b c d e f g h", token_delay_s=0.02)

    assert await asked.ask(stall_s=0.1) == "a b c d e f g h"


async def test_a_circuit_that_is_not_closed_is_seen_with_why_and_until_when():
    asked = Asked(fails=LIMITED)
    await asked.fail(3)
    asked.clock.advance(2.0)

    (seen,) = asked.dispatch.circuits

    assert (seen.engine, seen.state, seen.reason, seen.num_failures) == (KEY, "open", "limited", 3)
    assert (seen.for_s, seen.retry_s) == (2.0, 18.0)
    assert seen.is_upstream
    assert seen.is_refusing


async def test_one_whose_pause_is_over_is_tried_by_the_next_call_and_then_forgotten():
    asked = Asked(fails=LIMITED)
    await asked.fail(1)
    asked.clock.advance(21.0)
    (seen,) = asked.dispatch.circuits
    asked.script = Script(says="hi")

    assert (seen.state, seen.retry_s, seen.is_refusing) == ("half_open", 0.0, False)
    await asked.ask()
    assert asked.dispatch.circuits == ()


async def test_failures_that_open_nothing_are_not_seen():
    asked = Asked(fails=EngineProtocolError("cut"))
    await asked.fail(1)

    assert asked.dispatch.circuits == ()
