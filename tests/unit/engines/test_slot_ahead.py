"""What a slot does ahead of need, and what it keeps of its costs."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.costs.cost_file import CostFile
from orchestrator.engines.assignment import Assignment
from orchestrator.engines.base import Call, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.cost_book import CostBook
from orchestrator.engines.fake import FakeEngine, FakeHost
from orchestrator.engines.hosting import Hosting
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.read_ahead import FakeReadAhead
from orchestrator.engines.slot import Slot
from orchestrator.errors import SwapError
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import ManualClock
from orchestrator.residency.limits import LoopLimits
from orchestrator.residency.state import Footprint

MATHS, FRENCH = (Expert(id=id_, model=id_) for id_ in ("maths", "french"))
FORMAL = Expert(id="formal", model="maths", base="maths", adapter="formal")


def call(expert: Expert) -> Call:
    return Call(
        id="c", expert=expert.id, generation=1, version=expert.version, prompt=Text(text="hi")
    )


class Busy:
    """A slot on which maths answers a call for as long as a test likes."""

    def __init__(self, root: Path, *, prefetch: bool = True) -> None:
        self.gate = asyncio.Event()
        self.read_ahead = FakeReadAhead()
        engine = FakeEngine("{expert}", gate=self.gate)
        lineage = Lineage(id="l", experts=(MATHS, FRENCH), root=root)
        self.slot = Slot(
            "local",
            clock=ManualClock(),
            limits=LoopLimits(prefetch=prefetch),
            read_ahead=self.read_ahead,
        )
        self.slot.seat("l", FakeHost(lineage.experts, engine=engine), lineage.experts)
        self.slot.foresee([lineage])
        self.calls = [asyncio.create_task(self.said(MATHS))]

    async def said(self, expert: Expert) -> str:
        return (await collect(self.slot.generate(call(expert)))).choices[0].text

    async def ended(self) -> list[str]:
        self.gate.set()
        return await asyncio.gather(*self.calls)

    @property
    def brought(self) -> list[str]:
        return [files[0].parent.name for files in self.read_ahead.brought]


@pytest.fixture
def root(tmp_path):
    for expert in (MATHS, FRENCH):
        (tmp_path / expert.id).mkdir()
        (tmp_path / expert.id / "model.safetensors").write_bytes(b"0" * 100)
    return tmp_path


async def test_weights_that_cannot_be_read_ahead_fail_no_caller(root):
    busy = Busy(root)
    busy.read_ahead.failure = OSError("the disk is gone")
    busy.calls.append(asyncio.create_task(busy.said(FRENCH)))
    await busy.read_ahead.begun.wait()

    assert await busy.ended() == ["maths", "french"]
    await busy.slot.close()


async def test_weights_of_who_waits_are_brought_while_another_answers(root):
    busy = Busy(root)
    busy.calls.append(asyncio.create_task(busy.said(FRENCH)))
    await busy.read_ahead.begun.wait()

    assert await busy.ended() == ["maths", "french"]
    assert busy.brought == ["french"]
    await busy.slot.close()
    assert busy.read_ahead.is_closed


async def test_weights_that_a_batch_needs_next_are_brought_while_nobody_asks(root):
    busy = Busy(root)
    await busy.slot.settled()
    free = collect(busy.slot.generate(replace(call(FRENCH), is_background=True)))
    busy.calls.append(asyncio.create_task(free))
    await busy.read_ahead.begun.wait()

    for one in busy.calls:
        one.cancel()
    await asyncio.wait(busy.calls)
    assert busy.brought == ["french"]
    await busy.slot.close()


async def test_weights_that_were_announced_are_brought(root):
    busy = Busy(root)

    busy.slot.hint(FRENCH.key)
    await busy.read_ahead.begun.wait()

    assert await busy.ended() == ["maths"]
    await busy.slot.close()


async def test_nothing_is_brought_where_the_registry_says_so(root):
    busy = Busy(root, prefetch=False)

    busy.slot.hint(FRENCH.key)
    busy.calls.append(asyncio.create_task(busy.said(FRENCH)))

    assert await busy.ended() == ["maths", "french"]
    assert not busy.read_ahead.begun.is_set()
    await busy.slot.close()


async def test_what_is_being_brought_is_given_up_when_an_edit_says_so(root):
    busy = Busy(root)
    busy.read_ahead.gate.clear()
    busy.slot.hint(FRENCH.key)
    await busy.read_ahead.begun.wait()

    busy.slot.bound(LoopLimits(prefetch=False))

    assert await busy.ended() == ["maths"]
    assert len(busy.read_ahead.given_up) == 1
    await busy.slot.close()


async def test_an_adapter_that_was_announced_is_there_before_its_first_call():
    host = FakeHost([MATHS, FORMAL], max_adapters=1)
    slot = Slot("local", clock=ManualClock())
    slot.seat("l", host, [MATHS, FORMAL])

    slot.hint(FORMAL.key)
    await slot.settled()

    assert host.resident_ids == ("maths", "formal")
    assert slot.describe().num_admitted == 0


async def test_an_adapter_that_cannot_be_added_ahead_is_tried_once():
    host = FakeHost([MATHS, FORMAL], max_adapters=1, broken={"formal": SwapError("no room")})
    slot = Slot("local", clock=ManualClock())
    slot.seat("l", host, [MATHS, FORMAL])

    slot.hint(FORMAL.key)
    await slot.settled()
    slot.hint(FORMAL.key)
    await slot.settled()

    assert host.resident_ids == ("maths",)
    assert "formal" in "".join(slot.describe().broken)


def assigned(*experts: Expert) -> Assignment:
    lineage = Lineage(id="l", experts=experts, root=Path(), num_weight_bytes=2**30)
    return Assignment(
        stamp=repr(experts),
        lineages=(lineage,),
        keys=frozenset(one.key for one in experts),
        footprints={"l": {"serving": Footprint(device_gib=1)}},
        room_gib=4,
        at_once=1,
        limits=LoopLimits(),
    )


async def test_a_slot_that_starts_again_goes_by_what_it_learnt(tmp_path):
    async def open_host(lineage: Lineage) -> FakeHost:
        return FakeHost(lineage.experts)

    def hosting() -> Hosting:
        clock = asyncio.get_running_loop()
        file = CostFile(tmp_path, "local", hardware="Nova")
        book = CostBook(file, clock=clock)
        return Hosting("local", open_host=open_host, clock=clock, book=book)

    first = hosting()
    first.assign(assigned(MATHS, FRENCH))
    await first.settled()
    await collect(first.slot.generate(call(FRENCH)))
    learnt = {(note.of, note.expert) for note in first.slot.loop.costs.notes()}
    await first.close()

    again = hosting()
    again.assign(assigned(MATHS, FRENCH))
    await again.book.settled()
    known = again.slot.loop.costs
    await again.close()

    assert {("start", MATHS.key), ("swap", FRENCH.key), ("call", FRENCH.key)} <= learnt
    assert known.step("swap", FRENCH.key).num_seen == 1
    assert known.service(FRENCH.key).num_seen == 1
