import asyncio
from collections import Counter
from dataclasses import replace
from itertools import groupby

import orjson
import pytest

from orchestrator.batch.executor import ExecutorSettings
from orchestrator.batch.surroundings import StillSurroundings
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import InvalidRequestError, OverloadedError
from orchestrator.planner.slots import PlannedSlot
from tests.executing import PLANS, Executing, Kept, around, by_expert, chat_line, chats

MIXED = ["math", "writer"] * 20


def visits(engine: FakeEngine) -> list[str]:
    """Experts as the slot met them, each as often as it came to be another one."""
    return [expert for expert, _ in groupby(call.expert for call in engine.calls)]


async def test_every_line_has_one_result_and_the_answer_of_its_request():
    executing = Executing(FakeEngine(says="I am {expert}."))

    sink = await executing.run(chats(MIXED))

    assert sink.places == list(range(40))
    said = {
        r.place: orjson.loads(r.reply.body)["choices"][0]["message"]["content"]
        for r in sink.results
    }
    assert said == {place: f"I am {model}." for place, model in enumerate(MIXED)}


async def test_a_mixed_batch_visits_each_expert_once_residents_first():
    engine = FakeEngine()

    await Executing(engine).run(chats(["writer", "math"] * 50))

    assert visits(engine) == ["math", "writer"]


async def test_composed_lines_are_grouped_by_expert_stage_by_stage():
    engine = FakeEngine()

    await Executing(engine).run(chats(["refined"] * 12))

    assert visits(engine) == ["math", "writer"]
    assert Counter(call.expert for call in engine.calls) == {"math": 12, "writer": 12}


async def test_calls_carry_the_advice_of_the_plan_and_are_waited_for_by_nobody():
    engine = FakeEngine()

    await Executing(engine).run(chats(["math"]))

    [call] = engine.calls
    assert (call.slot, call.order, call.is_background) == ("s", 0, True)
    assert call.max_wait_s is None


async def test_a_window_bounds_the_calls_of_a_slot():
    most = 0

    def script(call):
        nonlocal most
        most = max(most, engine.num_in_flight)
        return Script(token_delay_s=0.001)

    engine = FakeEngine(script=script)

    await Executing(engine, settings=ExecutorSettings(slot_window=4)).run(chats(["math"] * 30))

    assert most == 4


async def test_open_lines_of_several_calls_are_bounded_and_all_are_answered():
    engine = FakeEngine()
    settings = ExecutorSettings(max_open_lines=5)

    sink = await Executing(engine, settings=settings).run(chats(["refined"] * 23))

    assert sink.places == list(range(23))


async def test_experts_without_a_slot_are_asked_beside_the_plan():
    engine = FakeEngine()
    slot = PlannedSlot(name="s", experts=frozenset({"math"}))
    only = around(slot)
    lookout = StillSurroundings(
        around=type(only)(slots=only.slots, costs={"math": only.costs["math"]}, generation=1)
    )

    sink = await Executing(engine, lookout=lookout).run(chats(MIXED))

    assert sink.places == list(range(40))
    assert {call.slot for call in engine.calls if call.expert == "writer"} == {None}


async def test_a_line_that_fails_is_tried_again_and_then_answered():
    failures = iter([OverloadedError("full", retry_after_s=0.01)])
    engine = FakeEngine(script=lambda call: Script(fails=next(failures, None)))

    sink = await Executing(engine).run(chats(["math"]))

    assert [(r.reply.status_code, r.fault) for r in sink.results] == [(200, None)]


async def test_a_line_that_fails_for_good_has_a_fault_and_harms_no_other():
    def script(call):
        is_bad = call.prompt.messages[-1].text == "bad"
        return Script(
            fails=InvalidRequestError("this is bad", param="messages") if is_bad else None
        )

    lines = [chat_line(place, "math", text) for place, text in enumerate(("a", "bad", "b"))]

    sink = await Executing(FakeEngine(script=script)).run(lines)

    faults = {r.place: r.fault and r.fault.code for r in sink.results}
    assert faults == {0: None, 1: "invalid_request", 2: None}


async def test_only_lines_that_are_left_are_asked():
    engine = FakeEngine()

    sink = await Executing(engine).run(chats(["math"] * 10), left=[2, 7])

    assert sink.places == [2, 7]
    assert len(engine.calls) == 2


@pytest.mark.parametrize(("left", "made_by"), [(None, "search"), ([2, 7], "haste")])
async def test_what_is_gone_on_with_does_not_wait_for_a_search(left, made_by):
    made = []

    def hasty(*given):
        made.append("haste")
        return by_expert(*given)

    def searched(*given):
        made.append("search")
        return by_expert(*given)

    plans = replace(PLANS, planned=searched, hasty=hasty)

    await Executing(FakeEngine(), plans=plans).run(chats(["math"] * 10), left=left)

    assert made[0] == made_by


async def test_cancelling_ends_the_calls_under_way_and_keeps_what_is_done():
    gate = asyncio.Event()
    engine = FakeEngine(gate=gate)
    executing, sink = Executing(engine), Kept()
    task = asyncio.create_task(
        executing.executor.execute(await executing.work(chats(["math"] * 5), sink=sink))
    )
    await engine.arrived.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert (engine.num_in_flight, sink.results) == (0, [])


async def test_two_batches_share_one_plan():
    engine = FakeEngine()
    executing, sinks = Executing(engine), (Kept(), Kept())
    works = [
        await executing.work(chats(MIXED), sink=sink, work_id=f"batch_{at}")
        for at, sink in enumerate(sinks)
    ]

    await asyncio.gather(*(executing.executor.execute(work) for work in works))

    assert [sink.places for sink in sinks] == [list(range(40))] * 2
    assert visits(engine) == ["math", "writer"]


async def test_a_batch_that_will_be_late_is_no_background_any_more():
    engine = FakeEngine()
    executing = Executing(engine)

    await executing.run(chats(["math"]), deadline_s=0.0)

    assert [call.is_background for call in engine.calls] == [False]


async def test_an_empty_batch_is_done_at_once():
    assert (await Executing(FakeEngine()).run([])).results == []


async def test_progress_counts_lines_tokens_and_runs():
    seen = []
    executing = Executing(FakeEngine(says="one two three"))
    sink = Kept(at_put=lambda _: seen.append(executing.executor.progress("batch_1")))

    await executing.executor.execute(await executing.work(chats(MIXED), sink=sink))

    assert seen[-1].num_lines == 40
    assert [one.num_done for one in seen] == sorted(one.num_done for one in seen)
    assert seen[-1].num_tokens > 0
    last = executing.executor.progress("batch_1")
    assert [(run.expert, run.num_done) for run in last.ended] == [("math", 20), ("writer", 20)]
    assert executing.executor.progress("batch_2") is None


async def test_a_dry_run_plans_without_asking_anybody():
    engine = FakeEngine()
    executing = Executing(engine)

    plan, arrival = await executing.executor.plan(await executing.work(chats(MIXED), sink=Kept()))

    assert (len(plan.runs), len(arrival.runs)) == (2, 40)
    assert sorted(int(c) for run in plan.runs for c in run.calls) == list(range(40))
    assert not engine.calls


async def test_lines_of_an_expert_whose_slot_is_not_up_wait_for_it_and_hold_up_nobody():
    engine, lookout = FakeEngine(), Looked()
    executing, sink = Executing(engine, lookout=lookout), Kept()
    lookout.is_up = False
    task = asyncio.create_task(
        executing.executor.execute(await executing.work(chats(MIXED), sink=sink))
    )
    await lookout.looked.wait()
    assert not engine.calls

    lookout.is_up = True
    async with asyncio.timeout(10):
        await task

    assert sink.places == list(range(40))


class Looked:
    """A lookout on one slot that may be down; says when it was asked."""

    def __init__(self) -> None:
        self.is_up = True
        self.looked = asyncio.Event()

    async def look(self):
        up = around()
        found = up if self.is_up else replace(up, slots=())
        self.looked.set()
        return found
