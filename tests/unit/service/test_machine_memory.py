import pytest

from orchestrator.service.machine_memory import host_gib

GIB = 2**30


@pytest.mark.parametrize(
    ("num_gpus", "expected_gib"),
    [(0, 32), (1, 32), (4, 8)],  # half of 64 GiB, shared by as many slots as there are GPUs
)
def test_sleepers_have_half_of_the_machine_shared_among_its_gpus(tmp_path, num_gpus, expected_gib):
    for number in range(num_gpus):
        (tmp_path / f"0000:0{number}").mkdir()

    assert host_gib(gpus=tmp_path, total_bytes=64 * GIB) == expected_gib


def test_a_machine_without_the_driver_shares_with_nobody(tmp_path):
    assert host_gib(gpus=tmp_path / "none", total_bytes=64 * GIB) == 32
    assert host_gib() > 0
