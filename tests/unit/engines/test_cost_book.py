from pathlib import Path

import pytest

from orchestrator.costs.cost_file import CostFile, Measured
from orchestrator.engines.cost_book import KEEP_S, CostBook, weights_gib
from orchestrator.engines.file_cache import weights_of
from orchestrator.engines.lineage import Lineage
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import ManualClock

GiB = 2**30
WEEK_S = 7 * 24 * 3600.0
MATHS, FRENCH, LAW = (Expert(id=id_, model=id_) for id_ in ("maths", "french", "law"))


def lineage(*experts: Expert, root: Path = Path(), gib: float = 4.0) -> Lineage:
    return Lineage(id="llama-1", experts=experts, root=root, num_weight_bytes=int(gib * GiB))


class Measuring:
    """Measures what it is told to find."""

    def __init__(self, read_gib_per_s: float = 2.0) -> None:
        self.read_gib_per_s = read_gib_per_s
        self.asked: list[tuple[Path, ...]] = []

    def __call__(self, files, now_s: float) -> Measured:
        self.asked.append(tuple(files))
        return Measured(read_gib_per_s=self.read_gib_per_s, at_s=now_s)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def opened(tmp_path, clock):
    """Makes books of one slot, one after another, as restarts do."""

    def make(slot: str = "local", *, hardware: str = "Nova", date_s: float = 0.0, measure=None):
        file = CostFile(tmp_path / "costs", slot, hardware=hardware)
        return CostBook(file, clock=clock, date_s=lambda: date_s, measure=measure)

    return make


async def held(book: CostBook, *lineages: Lineage) -> CostBook:
    book.hold(lineages)
    await book.settled()
    return book


async def test_a_damaged_file_leaves_the_priors_and_is_written_anew(opened, tmp_path, caplog):
    (tmp_path / "costs").mkdir()
    (tmp_path / "costs/local.json").write_text("{")
    book = await held(opened(), lineage(MATHS))

    assert book.costs.step("swap", MATHS.key).num_seen == 0
    assert "local.json" in caplog.text

    book.costs.observe_step("swap", MATHS.key, 0.5)
    await book.close()
    again = await held(opened(), lineage(MATHS))
    assert again.costs.step("swap", MATHS.key).mean_s == 0.5


async def test_an_expert_is_assumed_to_take_what_its_weights_say(opened):
    book = await held(opened(), lineage(MATHS, gib=10), lineage(LAW, gib=1))

    tens_s, ones_s = (book.costs.step("swap", one.key).mean_s for one in (MATHS, LAW))

    assert tens_s == pytest.approx(0.05 + 10 / 5)
    assert ones_s == pytest.approx(0.05 + 1 / 5)


def test_an_adapter_takes_its_share_of_the_room():
    formal = Expert(id="formal", base="maths", adapter="formal", engine=VllmEngine(max_loras=2))
    base = MATHS.model_copy(update={"engine": VllmEngine(max_loras=2)})
    one = Lineage(
        id="l", experts=(base, formal), root=Path(), num_weight_bytes=GiB, num_adapter_bytes=GiB
    )

    assert weights_gib([one]) == {base.key: 1.0, formal.key: 0.5}


async def test_weights_of_an_unknown_size_are_left_to_the_default():
    assert weights_gib([lineage(MATHS, gib=0)]) == {}


async def test_bandwidths_are_measured_once_a_week_and_on_other_hardware(opened):
    first = Measuring(2.0)
    book = await held(opened(measure=first), lineage(MATHS))
    assert book.costs.step("swap", MATHS.key).mean_s == pytest.approx(0.05 + 4 / 2)
    await book.close()

    within, after, elsewhere = Measuring(), Measuring(1.0), Measuring(8.0)
    known = await held(opened(measure=within, date_s=WEEK_S - 1), lineage(MATHS))
    anew = await held(opened(measure=after, date_s=WEEK_S), lineage(MATHS))
    moved = await held(opened(measure=elsewhere, hardware="Vega"), lineage(MATHS))

    assert [len(one.asked) for one in (first, within, after, elsewhere)] == [1, 0, 1, 1]
    assert known.costs.step("swap", MATHS.key).mean_s == pytest.approx(0.05 + 4 / 2)
    assert anew.costs.step("swap", MATHS.key).mean_s == pytest.approx(0.05 + 4 / 1)
    assert moved.costs.step("swap", MATHS.key).mean_s == pytest.approx(0.05 + 4 / 8)


async def test_the_slots_own_weights_are_what_is_measured_on(opened, tmp_path):
    path = tmp_path / "maths/model.safetensors"
    path.parent.mkdir()
    path.write_bytes(b"0")
    measure = Measuring()

    await held(opened(measure=measure), lineage(MATHS, FRENCH, root=tmp_path))

    assert measure.asked == [(path,)]


async def test_what_was_learnt_is_written_now_and_then_and_survives_a_kill(opened, clock):
    book = await held(opened(), lineage(MATHS))
    book.costs.observe_service(MATHS.key, 0.25)
    book.advance()
    await book.settled()
    unwritten = await held(opened(), lineage(MATHS))
    assert unwritten.costs.service(MATHS.key).num_seen == 0

    clock.advance(KEEP_S)
    book.advance()
    await book.settled()

    restarted = await held(opened(), lineage(MATHS))
    assert restarted.costs.service(MATHS.key).mean_s == 0.25


async def test_nothing_is_written_while_nothing_is_learnt(opened, clock, tmp_path):
    book = await held(opened(), lineage(MATHS))

    clock.advance(KEEP_S)
    book.advance()
    await book.close()

    assert not (tmp_path / "costs").exists()


async def test_notes_of_experts_that_are_gone_are_dropped(opened):
    book = await held(opened(), lineage(MATHS, FRENCH))
    for expert in (MATHS, FRENCH):
        book.costs.observe_step("swap", expert.key, 0.5)
    await held(book, lineage(MATHS))
    book.costs.observe_service(FRENCH.key, 1.0)  # a call of it that was still running
    await book.close()

    back = await held(opened(), lineage(MATHS, FRENCH))

    assert {note.expert for note in back.costs.notes()} == {MATHS.key}


async def test_another_definition_of_an_expert_begins_anew(opened):
    book = await held(opened(), lineage(MATHS))
    book.costs.observe_step("swap", MATHS.key, 60.0)
    await book.close()

    edited = MATHS.model_copy(update={"model": "other"})
    book = await held(opened(), lineage(MATHS, edited))

    assert book.costs.step("swap", MATHS.key).mean_s == 60.0
    assert {one.expert for one in book.costs.notes()} == {MATHS.key}


async def test_a_slot_goes_by_what_other_slots_have_seen(opened):
    other = await held(opened("other"), lineage(MATHS))
    other.costs.observe_service(MATHS.key, 0.4)
    other.costs.observe_step("swap", MATHS.key, 9.0)
    await other.close()

    book = await held(opened(), lineage(MATHS, LAW))

    assert book.costs.service(MATHS.key).mean_s == 0.4
    assert book.costs.step("swap", MATHS.key).mean_s == 9.0
    assert book.costs.service(LAW.key).mean_s == 0.4


async def test_a_book_without_a_file_learns_and_keeps_nothing(clock):
    book = await held(CostBook(clock=clock), lineage(MATHS))
    book.costs.observe_service(MATHS.key, 0.4)

    clock.advance(KEEP_S)
    book.advance()
    await book.close()

    assert book.costs.service(MATHS.key).mean_s == 0.4


def test_files_of_an_expert_that_is_not_here_are_none(tmp_path):
    assert weights_of(lineage(MATHS, root=tmp_path), MATHS) == ()
    assert weights_of(lineage(root=tmp_path), Expert(id="nameless")) == ()
