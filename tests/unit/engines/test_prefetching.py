import os
from pathlib import Path

import pytest

from orchestrator.costs.costs import Costs
from orchestrator.costs.prior import Bandwidths, Prior
from orchestrator.engines.file_cache import cached_share, drop
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.prefetching import NEAR_S, Prefetching
from orchestrator.engines.read_ahead import FakeReadAhead, PageCache, read
from orchestrator.registry.models import Expert
from orchestrator.residency.clock import ManualClock
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import Change, EngineState, SlotState
from orchestrator.residency.tickets import Ticket

MiB = 2**20
MATHS, FRENCH, LAW = (Expert(id=id_, model=id_) for id_ in ("maths", "french", "law"))
PRIOR = Prior(default_gib=1, bandwidths=Bandwidths(read_gib_per_s=5, disk_gib_per_s=1))


class Desk:
    """A slot that a test sets by hand, and what is brought for it."""

    def __init__(self, root: Path, *, room_gib: float = 100.0) -> None:
        self.clock = ManualClock()
        self.queues = Queues()
        self.hints: dict[str, float] = {}
        self.change: Change | None = None
        self.residents: tuple[str, ...] = (MATHS.key,)
        self.read_ahead = FakeReadAhead()
        self.outcomes: list[str] = []
        self.prefetching = Prefetching(
            self.read_ahead,
            lambda: (self.state, self.queues),
            costs=Costs(PRIOR),
            hints=lambda: self.hints,
            clock=self.clock,
            room_gib=lambda: room_gib,
            count=self.outcomes.append,
        )
        lineage = Lineage(id="l", experts=(MATHS, FRENCH, LAW), root=root)
        self.prefetching.hold([lineage])

    @property
    def state(self) -> SlotState:
        engine = EngineState(
            id="e",
            lineage="l",
            experts={one.key for one in (MATHS, FRENCH, LAW)},
            residents=self.residents,
            change=self.change,
            capacity=4,
        )
        return SlotState(engines=(engine,))

    def wait(self, *experts: Expert) -> None:
        for expert in experts:
            at = len(self.queues)
            self.queues.add(Ticket(id=at, expert=expert.key, arrived_s=float(at)))

    async def moved(self) -> None:
        self.prefetching.advance()
        await self.prefetching.settled()

    @property
    def brought(self) -> list[str]:
        return [files[0].parent.name for files in self.read_ahead.brought]


@pytest.fixture
def root(tmp_path):
    for expert in (MATHS, FRENCH, LAW):
        (tmp_path / expert.id).mkdir()
        (tmp_path / expert.id / "model.safetensors").write_bytes(b"0" * 100)
    return tmp_path


@pytest.fixture
async def desk(root):
    made = Desk(root)
    yield made
    await made.prefetching.close()
    assert made.read_ahead.is_closed


async def test_files_that_cannot_be_read_are_told_once_and_left_to_the_step(desk, caplog):
    desk.read_ahead.failure = OSError("the disk is gone")
    desk.wait(LAW)

    await desk.moved()
    await desk.moved()

    assert caplog.text.count("the disk is gone") == 1
    assert desk.outcomes == []


async def test_an_expert_without_files_here_is_brought_as_nothing(root):
    desk = Desk(root / "elsewhere")
    desk.wait(LAW)

    await desk.moved()

    assert desk.read_ahead.brought == [()]


async def test_all_who_wait_are_brought_one_after_another(desk):
    desk.wait(LAW, FRENCH)

    await desk.moved()

    assert desk.brought == ["law", "french"]


async def test_what_was_brought_is_not_brought_again_for_a_minute(desk):
    desk.wait(LAW)
    await desk.moved()
    await desk.moved()
    assert desk.brought == ["law"]

    desk.clock.advance(NEAR_S)
    await desk.moved()

    assert desk.brought == ["law", "law"]


async def test_a_wrong_guess_is_given_up_for_who_came_instead(desk):
    desk.read_ahead.gate.clear()
    desk.hints[LAW.key] = 0.0
    desk.prefetching.advance()
    await desk.read_ahead.begun.wait()
    del desk.hints[LAW.key]
    desk.wait(FRENCH)

    desk.prefetching.advance()
    desk.read_ahead.gate.set()
    await desk.prefetching.settled()

    assert [files[0].parent.name for files in desk.read_ahead.given_up] == ["law"]
    assert desk.brought == ["french"]


async def test_a_guess_that_became_right_is_gone_on_with(desk):
    desk.read_ahead.gate.clear()
    desk.hints[LAW.key] = 0.0
    desk.prefetching.advance()
    desk.wait(LAW)

    desk.prefetching.advance()
    desk.read_ahead.gate.set()
    await desk.prefetching.settled()

    assert desk.brought == ["law"]
    assert desk.read_ahead.given_up == []


async def test_what_an_engine_reads_itself_is_left_to_it(desk):
    desk.read_ahead.gate.clear()
    desk.wait(LAW)
    desk.prefetching.advance()

    desk.change = Change(step="swap", expert=LAW.key)
    desk.prefetching.advance()
    desk.read_ahead.gate.set()
    await desk.prefetching.settled()

    assert desk.brought == []
    assert desk.outcomes == ["used"]


async def test_wrong_guesses_are_given_back_where_their_room_is_wanted(root):
    desk = Desk(root, room_gib=1.5)
    desk.hints[LAW.key] = 0.0
    await desk.moved()
    del desk.hints[LAW.key]
    desk.wait(FRENCH)

    await desk.moved()

    assert [files[0].parent.name for files in desk.read_ahead.released] == ["law"]
    assert desk.brought == ["law", "french"]
    assert desk.outcomes == ["brought", "wrong", "brought"]


async def test_what_is_being_read_is_given_up_when_nothing_is_to_be_brought(desk):
    desk.read_ahead.gate.clear()
    desk.wait(LAW)
    desk.prefetching.advance()
    await desk.read_ahead.begun.wait()

    desk.prefetching.rest()
    desk.read_ahead.gate.set()
    await desk.prefetching.settled()

    assert desk.brought == []


async def test_closing_gives_up_what_is_being_read(root):
    desk = Desk(root)
    desk.read_ahead.gate.clear()
    desk.wait(LAW)
    desk.prefetching.advance()

    await desk.prefetching.close()

    assert desk.brought == []


async def test_experts_that_are_gone_are_forgotten(desk):
    desk.wait(LAW)
    await desk.moved()

    desk.prefetching.hold([])
    desk.clock.advance(NEAR_S)
    await desk.moved()

    assert desk.read_ahead.brought[1:] == [()]


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.write(os.urandom(5 * MiB))
        os.fsync(file.fileno())
    if cached_share([path]) is None:
        pytest.skip("this file system does not tell what is in the page cache (RWF_NOWAIT)")
    return path


@pytest.fixture
def page_cache():
    made = PageCache()
    yield made
    made.close()


async def test_the_kernel_has_in_its_cache_what_was_brought(weights, page_cache):
    drop([weights])

    num_bytes = await page_cache.bring([weights])

    assert num_bytes == 5 * MiB
    assert cached_share([weights]) == 1.0
    assert await page_cache.bring([weights]) == 0


async def test_what_is_released_can_be_brought_again(weights, page_cache):
    await page_cache.bring([weights])

    await page_cache.release([weights, weights.with_name("gone")])

    assert await page_cache.bring([weights]) == 5 * MiB


async def test_having_asked_what_is_there_does_not_make_it_so(weights, page_cache):
    drop([weights])
    for _ in range(3):
        cached_share([weights])

    assert await page_cache.bring([weights]) == 5 * MiB


async def test_a_file_that_is_gone_is_an_error_of_the_system(tmp_path, page_cache):
    with pytest.raises(FileNotFoundError):
        await page_cache.bring([tmp_path / "gone.safetensors"])


def test_reading_ends_within_a_chunk_of_being_given_up(weights):
    drop([weights])
    looks = iter([False, True])

    assert read([weights], lambda: next(looks)) == 4 * MiB
