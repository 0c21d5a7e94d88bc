"""The registries of deploy/registries: sound on any machine, with or without a network."""

import re
from pathlib import Path

import pytest

from orchestrator.engines.vllm_args import installed_arguments
from orchestrator.registry.capacity import need_of
from orchestrator.registry.loader import check
from orchestrator.residency.placement import place
from orchestrator.residency.spaces import Lineage, SlotSpace

FOLDER = Path(__file__).parents[3] / "deploy/registries"
FILES = {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}
#: What is said of each: its models are still to be fetched, its keys still to be set.
NOTES = {
    "cpu-hub": ["taken as a Hugging Face id"] * 5,
    "symbolic-moe-80gb": ["taken as a Hugging Face id"] * 15,
    "hosted-mix": [
        "ANTHROPIC_API_KEY is not set", "OPENAI_API_KEY is not set", "OPENAI_API_KEY is not set",
    ],
}  # fmt: skip
HOSTED = ["cpu-hub", "symbolic-moe-80gb"]


@pytest.fixture
def checked(request, tmp_path):
    """A file, checked where nothing was ever fetched and no key is set."""
    environ = {"HF_HOME": str(tmp_path), "ORCHESTRATOR_MODELS_DIR": str(tmp_path)}
    return check(FILES[request.param], environ=environ, engine_args=installed_arguments())


def test_every_file_is_tested():
    assert sorted(FILES) == sorted(NOTES)


@pytest.mark.parametrize(("checked", "notes"), NOTES.items(), indirect=["checked"], ids=NOTES)
def test_it_has_no_faults_and_only_the_notes_it_must_have(checked, notes):
    assert [str(fault) for fault in checked.faults] == []
    assert len(checked.warnings) == len(notes)
    assert all(note in str(one) for note, one in zip(notes, checked.warnings, strict=True))


@pytest.mark.parametrize("checked", HOSTED, indirect=True)
def test_its_engines_fit_its_slots_together(checked):
    (slot,) = checked.registry.slots
    engines = [
        Lineage(
            id=expert.id,
            experts=(expert.id,),
            memory_gib=need_of(expert, None, slot).total_gib,
        )
        for expert in checked.registry.experts
    ]
    spaces = [
        SlotSpace(name=f"s{n}", memory_gib=slot.memory_gib, accelerators=slot.accelerators)
        for n in range(slot.count)
    ]

    table = place(engines, spaces).table
    assert all(table.slots(expert.id) for expert in checked.registry.experts)


@pytest.mark.parametrize("name", HOSTED)
def test_a_prompt_of_the_longest_context_fits_the_kv_cache_it_names(name):
    entries = [entry for entry in FILES[name].read_text().split("  - id: ") if " KiB" in entry]
    numbers = [
        [float(re.search(pattern, entry)[1])
         for pattern in (r"(\d+) KiB", r"max_model_len: (\d+)", r"kv_cache_gib: ([\d.]+)")]
        for entry in entries
    ]  # fmt: skip

    assert len(numbers) >= 4
    assert [one for one in numbers if one[0] * one[1] / 2**20 > one[2]] == []


@pytest.mark.parametrize("path", FILES.values(), ids=FILES)
def test_it_says_what_was_run_and_names_its_schema(path):
    header = path.read_text().partition("\nversion:")[0]

    assert header.startswith("# yaml-language-server: $schema=")
    assert "# Run: " in header
    assert "Not run: " in header
