import itertools
import os

import pytest

from orchestrator.costs.cost_file import Measured
from orchestrator.costs.prior import CANARY_READS, Bandwidths
from orchestrator.engines.bandwidths import measured, with_measured
from orchestrator.engines.canary import NUM_TOKENS
from orchestrator.engines.file_cache import cached_share, drop
from orchestrator.engines.hardware import hardware

MiB = 2**20


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.write(os.urandom(5 * MiB))
        os.fsync(file.fileno())
    return path


def test_files_that_are_gone_or_too_small_say_nothing(tmp_path):
    small = tmp_path / "small.safetensors"
    small.write_bytes(b"0" * 1000)

    (tmp_path / "empty.safetensors").touch()

    found = measured(
        [tmp_path / "gone.safetensors", tmp_path / "empty.safetensors", small], now_s=7.0
    )

    assert found == Measured(at_s=7.0)
    assert measured([], now_s=7.0) == Measured(at_s=7.0)


def test_what_cannot_be_opened_says_nothing_and_is_told(weights, tmp_path, caplog):
    folder = tmp_path / "folder.safetensors"
    folder.mkdir()

    assert measured([weights, folder], now_s=7.0).read_gib_per_s is None
    assert "cannot be measured" in caplog.text


def test_reading_is_measured_and_leaves_the_weights_as_they_are(weights):
    before = weights.read_bytes()

    empty = weights.with_name("empty.safetensors")
    empty.touch()

    found = measured([empty, weights], now_s=7.0)

    assert found.read_gib_per_s is not None
    assert found.read_gib_per_s > 0
    assert found.compute_gib_per_s is not None
    assert found.compute_gib_per_s > 0
    assert found.disk_gib_per_s is None or found.disk_gib_per_s > 0
    assert weights.read_bytes() == before


@pytest.mark.parametrize(
    ("tick_s", "gib_per_s"),
    [
        # The first reading has time for one chunk of 4 MiB, so the second, of the page cache, reads
        # no more: it looks at the clock at 0 s, at 0.2 s before the chunk and at 0.4 s at its end.
        pytest.param(0.2, 4 * MiB / 2**30 / 0.4, id="one chunk in time"),
        pytest.param(1.0, None, id="none in time"),
    ],
)
def test_the_probe_is_bounded_in_time(weights, tick_s, gib_per_s):
    ticks = itertools.count()

    found = measured([weights], now_s=7.0, clock=lambda: next(ticks) * tick_s)

    assert found.read_gib_per_s == (None if gib_per_s is None else pytest.approx(gib_per_s))


def test_a_prior_counts_the_tokens_of_the_canary_that_is_played():
    assert CANARY_READS == NUM_TOKENS + 1


def test_what_was_not_measured_is_assumed():
    assumed = Bandwidths(read_gib_per_s=5, disk_gib_per_s=1, copy_gib_per_s=21, start_s=15)

    found = with_measured(assumed, Measured(read_gib_per_s=3.5, at_s=0))

    assert found == Bandwidths(read_gib_per_s=3.5, disk_gib_per_s=1, copy_gib_per_s=21, start_s=15)
    assert with_measured(assumed, None) == assumed


def test_what_was_just_written_is_in_the_page_cache_until_it_is_dropped(weights):
    share = cached_share([weights])
    if share is None:
        pytest.skip("this file system does not tell (RWF_NOWAIT)")

    drop([weights])

    assert share == 1.0
    assert cached_share([weights]) < 1.0


def test_files_that_are_gone_have_no_share(tmp_path):
    assert cached_share([tmp_path / "gone.safetensors"]) is None


def test_hardware_is_told_without_the_name_of_the_machine(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Nova 7\nflags\t: a b\n")
    (tmp_path / "meminfo").write_text("MemTotal:       24683232 kB\nMemFree: 1 kB\n")
    card = tmp_path / "driver/nvidia/gpus/0000:01:00.0"
    card.mkdir(parents=True)
    (card / "information").write_text("Model: \t\t NVIDIA H100\nIRQ: 5\n")

    words = hardware(tmp_path)

    assert words.endswith("cores of Nova 7, 24 GiB, NVIDIA H100")


def test_a_machine_that_tells_nothing_has_a_description_too(tmp_path):
    assert "0 GiB" in hardware(tmp_path)
