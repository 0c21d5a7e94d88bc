"""Slots for people, 80 columns wide."""

from dataclasses import replace

import pytest

from orchestrator.api.residency_view import Here, residency_state
from orchestrator.cli.residency import watched
from orchestrator.cli.residency_lines import residency_lines
from orchestrator.client.residency_wire import Residency
from orchestrator.engines.circuits import Circuit
from tests.slots import OLD, PLAIN, Slots

SLOW = Circuit(
    engine="local-1",
    state="open",
    for_s=2.0,
    retry_s=3.0,
    reason="dead",
    num_failures=1,
    is_refusing=False,
    is_upstream=False,
)


async def shown(slots=None, *, width=80, **here):
    seen = await (slots or Slots()).oversight.residency()
    state = residency_state(seen, Here(generation=7, live=[PLAIN], hosted=[PLAIN], **here))
    return residency_lines(Residency.model_validate_json(state.model_dump_json()), width=width)


def queue(name, *, oldest_s, num_calls=1):
    expert = {"id": name, "version": "1"}
    return {"expert": expert, "num_calls": num_calls, "oldest_s": oldest_s}


def state_with(queues):
    slot = {"name": "local", "state": "ready", "queues": queues}
    return Residency.model_validate({"generation": 1, "slots": [slot]})


async def test_a_page_is_read_from_the_top():
    version = PLAIN.partition("@")[2]

    assert await shown() == [
        "local  ready",
        "  device 2.0/4.0 GiB  hits 75% of 40  steps swap 7  SRP 0.50 SCH 0.25",
        f"  last  swap for 'plain@{version}' on engine 'e1'",
        f"  now   3 calls wait for 'plain@{version}', the first for 1.50 s, wanted",
        "        within 3.50 s",
        "  engine  rung     residents               calls  step",
        "  e1      serving  plain@000000, (plain*)  2      swap to plain 0.25s",
        "  waiting  calls  oldest  expected",
        "  plain    3      1.50s   0.50s",
        "  broken plain@000000: its canary differs",
        "",
        "local-1  silent  its worker gave no answer in 1 s",
        "",
        "generation 7: 1 expert of slots; * is pinned",
    ]


@pytest.mark.parametrize("width", [40, 80, 132])
async def test_no_line_is_wider_than_the_terminal(width):
    assert max(len(line) for line in await shown(width=width)) <= width


async def test_a_silent_slot_tells_how_old_its_news_are():
    slots = Slots()
    await shown(slots)
    slots.fall_silent()
    slots.now_s += 12

    assert (await shown(slots))[0].startswith("local  silent, 12s ago  its worker gave no answer")


async def test_experts_that_no_slot_hosts_are_named():
    assert "hosted nowhere: plain" in await shown(Slots(hosts={OLD: ("local",)}))


def test_the_longest_waiting_come_first_and_the_rest_is_counted():
    queues = [queue(f"e{i}", oldest_s=float(i), num_calls=2) for i in range(15)]

    lines = residency_lines(state_with(queues), width=80)

    names = [line.split()[0] for line in lines if line.startswith("  e") and "engine" not in line]
    assert names == [f"e{i}" for i in range(14, 2, -1)]
    assert "  3 more   6" in lines


def test_a_wait_that_nobody_can_estimate_is_a_question_mark():
    lines = residency_lines(state_with([queue("e1", oldest_s=1.0)]), width=80)

    assert any(line.split() == ["e1", "1", "1.00s", "?"] for line in lines)


def test_watching_looks_again_until_it_is_interrupted():
    looks, pauses = [], []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    watched(lambda: looks.append(1), pause=pause)

    assert (len(looks), pauses) == (3, [1.0, 1.0, 1.0])


async def test_circuits_are_told_with_the_gateway_that_has_them():
    upstream = replace(SLOW, engine="hosted@1", state="half_open", retry_s=0.0, is_upstream=True)

    lines = await shown(gateway="7-abc", circuits=(SLOW, upstream), width=132)

    at = "at gateway 7-abc for 2.00s: dead, 1 in a row; tried"
    assert [line for line in lines if "circuit" in line] == [
        f"local-1  circuit open {at} in 3.00s",
        f"upstream of hosted@1  circuit half open {at} by the next call",
    ]
