from pathlib import Path

import pytest

from orchestrator.engines.lineage import Lineage
from orchestrator.errors import SetupError
from orchestrator.registry.models import Expert, Slot
from orchestrator.residency.placement import DispatchTable
from orchestrator.service.layout import Layout, Share
from orchestrator.service.room import Machine

EXPERT = Expert.model_validate(
    {"id": "a", "model": "a", "engine": {"kind": "vllm", "kv_cache_gib": 2}}
)


def layout(*names: str, **slot) -> Layout:
    """One engine of 2 GiB and 1 GiB overhead in each slot."""
    lineages = (Lineage(id="llama", experts=(EXPERT,), root=Path()),)
    shares = tuple(
        Share(name=name, slot=Slot(name="s", memory_gib=8, **slot), lineages=lineages)
        for name in names
    )
    return Layout(shares=shares, table=DispatchTable(slots_by_expert={}), own=lineages)


def machine(free_gib: float = 4.0, accelerators: int = 0) -> Machine:
    return Machine(accelerators=accelerators, free_gib=lambda: free_gib)


def test_new_slots_that_take_more_memory_than_is_free_are_refused_with_both_numbers():
    with pytest.raises(SetupError, match=r"\['b', 'c'\] need 6\.0 GiB and 4\.0 GiB"):
        machine().require(layout("a", "b", "c"), running={"a"})


def test_what_runs_already_counts_for_nothing():
    machine().require(layout("a", "b"), running={"a"})
    machine(free_gib=0).require(layout("a", "b"), running={"a", "b"})


def test_accelerators_of_slots_that_still_run_are_not_free():
    wide = layout("new@1gpus", accelerators=1)

    machine(accelerators=2, free_gib=0).require(wide, running={"old@1gpus"})
    with pytest.raises(SetupError, match=r"need 1 accelerators and 0 of 1 are free"):
        machine(accelerators=1).require(wide, running={"old@1gpus"})
