"""What Ray is asked for, of a slot's worker."""

from orchestrator.registry.widths import Width
from orchestrator.service.sites import Cluster, OneMachine

WIDE = Width(cpus=4, gpus=2, kind="H100", labels={"zone": "a"})


def test_on_a_cluster_ray_finds_the_node_that_a_slot_names():
    assert Cluster().worker(WIDE) == {
        "num_cpus": 4, "num_gpus": 2, "accelerator_type": "H100", "label_selector": {"zone": "a"},
    }  # fmt: skip
    assert Cluster().worker(Width()) == {"num_cpus": 1, "num_gpus": 0}


def test_one_machine_is_the_node_whatever_a_slot_names():
    assert OneMachine().worker(WIDE) == {"num_cpus": 0, "num_gpus": 2}
