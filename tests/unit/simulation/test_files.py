from dataclasses import replace

import pytest

from orchestrator.costs.prior import Bandwidths
from orchestrator.simulation.contenders import contender
from orchestrator.simulation.files import SimulatedFiles, Storage
from orchestrator.simulation.run import Setting
from tests.unit.simulation.small import MACHINE, asked, begins, played

#: 4 GiB take 4 s from the disk and 1 s from the page cache.
BY = Bandwidths(read_gib_per_s=4.0, disk_gib_per_s=1.0, swap_s=0.0)


def files(cache_gib: float = 100.0) -> SimulatedFiles:
    storage = Storage(cache_gib=cache_gib, prefetches=False)
    return SimulatedFiles(storage, weights_gib=4.0, bandwidths=BY)


def setting(*, prefetches: bool, cache_gib: float = 100.0) -> Setting:
    storage = Storage(cache_gib=cache_gib, prefetches=prefetches)
    return Setting(machine=replace(MACHINE, weights_gib=4.0, bandwidths=BY, storage=storage))


def test_what_was_read_is_in_the_page_cache():
    read = files()

    assert read.read("a", now_s=0.0) == 4.0
    assert read.read("a", now_s=9.0) == 1.0


def test_the_least_recently_read_gives_way():
    read = files(cache_gib=8.0)
    for expert in ("a", "b", "a", "c"):
        read.read(expert, now_s=0.0)

    assert read.read("a", now_s=9.0) == 1.0
    assert read.read("b", now_s=9.0) == 4.0


@pytest.mark.parametrize(
    ("prefetches", "begun_s"),
    [
        # a: read 4 s, answers from 4 to 7. b waits since 5 s and is read from 7 to 11.
        pytest.param(False, 11.0, id="off"),
        # From 5 to 7 s half of it is brought; then 2 s from the disk and 0.5 s from the cache.
        pytest.param(True, 9.5, id="on"),
    ],
)
def test_weights_are_brought_while_another_expert_computes(prefetches, begun_s):
    trace = asked(("a", 0.0), ("b", 5.0))

    _, fates = played(trace, contender("bounded", trace), setting(prefetches=prefetches))

    assert begins(fates) == [4.0, pytest.approx(begun_s)]


def test_a_swap_has_the_disk_for_itself():
    # b and c wait while a is read: b is brought from 4 s on, and is there at 7 s but for 1 GiB.
    trace = asked(("a", 0.0), ("b", 1.0), ("c", 2.0))

    _, fates = played(trace, contender("bounded", trace), setting(prefetches=True))

    assert begins(fates)[1] == pytest.approx(7 + 1 + 3 / 4)


def test_without_a_storage_all_is_in_the_page_cache():
    trace = asked(("a", 0.0))
    machine = replace(MACHINE, weights_gib=4.0, bandwidths=BY)

    _, fates = played(trace, contender("bounded", trace), Setting(machine=machine))

    assert begins(fates) == [1.0]
