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
        (
            {"label_selector": {"zone": "eu-1a", "ray.io/market-type": "spot", "k": "2cpus"}},
            Width(labels={"zone": "eu-1a", "ray.io/market-type": "spot", "k": "2cpus"}),
        ),
        (
            {"accelerators": 1, "accelerator": "L4", "label_selector": {"a.b": "kind"}},
            Width(gpus=1, kind="L4", labels={"a.b": "kind"}),
        ),
    ],
    ids=[
        "as it comes",
        "half a CPU",
        "two and a half",
        "a GPU",
        "both",
        "a kind",
        "an odd kind",
        "labels",
        "all",
    ],
)
def test_a_name_says_what_its_process_is_started_with(slot, given):
    assert [width(name) for name in names(count=2, **slot)] == [given, given]


def test_no_label_makes_a_name_that_is_no_file_of_one_folder():
    [name] = names(label_selector={"ray.io/market-type": "spot", "zone": "a"})

    assert name == "local@ray.io~market-type=spot@zone=a"


def test_the_order_of_labels_is_no_other_worker():
    assert names(label_selector={"b": "1", "a": "2"}) == names(label_selector={"a": "2", "b": "1"})


def test_names_differ_where_widths_do():
    shapes = [
        {},
        {"cpus": 2},
        {"accelerators": 2},
        {"cpus": 2, "accelerators": 2},
        {"label_selector": {"a": "b"}},
    ]

    assert len({name for shape in shapes for name in names(**shape)}) == len(shapes)
