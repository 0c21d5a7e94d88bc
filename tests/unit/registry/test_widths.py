import pytest

from orchestrator.registry.models import Slot
from orchestrator.registry.widths import Width, width, worker_names


def names(**slot) -> list[str]:
    return list(worker_names(Slot(name="local", memory_gib=1, **slot)))


def test_the_first_of_a_slot_has_its_name_so_that_a_count_leaves_it_alone():
    assert names() == ["local"]
    assert names(count=3) == ["local", "local-1", "local-2"]


@pytest.mark.parametrize(
    ("slot", "given"),
    [
        ({}, Width(cpus=1, gpus=0)),
        ({"cpus": 0.5}, Width(cpus=1, gpus=0)),
        ({"cpus": 2.5}, Width(cpus=2, gpus=0)),
        ({"accelerators": 1}, Width(cpus=1, gpus=1)),
        ({"cpus": 16, "accelerators": 8}, Width(cpus=16, gpus=8)),
        ({"accelerators": 1, "accelerator": "A10G"}, Width(cpus=1, gpus=1, kind="A10G")),
        ({"accelerators": 2, "accelerator": "two-cpus"}, Width(gpus=2, kind="two-cpus")),
    ],
    ids=["as it comes", "half a CPU", "two and a half", "a GPU", "both", "a kind", "an odd kind"],
)
def test_a_name_says_what_its_process_is_started_with(slot, given):
    assert [width(name) for name in names(count=2, **slot)] == [given, given]


def test_names_differ_where_widths_do():
    shapes = [{}, {"cpus": 2}, {"accelerators": 2}, {"cpus": 2, "accelerators": 2}]

    assert len({name for shape in shapes for name in names(**shape)}) == len(shapes)
