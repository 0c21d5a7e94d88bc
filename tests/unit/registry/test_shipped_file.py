"""experts.yaml at the top of the tree: complete as documentation, sound as a registry."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from orchestrator.registry import (
    composition_judged,
    compositions,
    models,
    router_answered,
    router_languages,
    router_rules,
    routers,
)
from orchestrator.registry.document import parse
from orchestrator.registry.entries import entry_at
from orchestrator.registry.faults import dotted
from orchestrator.registry.fields import Entry
from orchestrator.registry.form import validate
from orchestrator.registry.loader import check
from orchestrator.registry.router_entry import RouterEntry
from orchestrator.registry.surroundings import Surroundings
from orchestrator.registry.weights import read_checkpoint
from tests.registries import write_model, write_router
from tests.unit.engines.checkpoints import lora_tensors, write_adapter

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "experts.yaml"
SKILLS = "capitals elements roman reverse sort calendar units french spanish sums plurals logic"
ADAPTERS = ["formal", "json"]
ROLES = ["namer", "decomposer", "synthesiser", "judge"]
#: What entries are made of; their keys stand in those that are.
ABSTRACT = {
    Entry, RouterEntry, compositions.CompositionEntry, compositions.AnswersEntry,
    router_rules.Target, composition_judged.JudgedComposition, compositions.MergedEntry,
}  # fmt: skip
ENTRIES = [
    kind for kind in {
        id(value): value for module in (
            models, compositions, composition_judged, routers, router_rules, router_languages,
            router_answered,
        )
        for value in vars(module).values()
    }.values()
    if isinstance(kind, type) and issubclass(kind, Entry) and kind not in ABSTRACT
]  # fmt: skip


def in_full():
    """The file with the keys that it leaves at their defaults."""
    return parse(re.sub(r"(?m)^# (?=  )", "", SHIPPED.read_text()), file="experts.yaml")


def documented_keys():
    """(model, key) -> the comments behind it, of all places where it stands."""
    document = in_full()
    lines = re.sub(r"(?m)^# (?=  )", "", SHIPPED.read_text()).splitlines()
    found = {}
    for path, place in document.key_places():
        model = entry_at(path[:-1], document.value)
        comment = lines[place.line - 1].partition("  # ")[2]
        found.setdefault((model, path[-1]), []).append(comment)
    return found


def test_it_names_its_schema_to_editors():
    first, _, _ = SHIPPED.read_text().partition("\n")

    schema = first.removeprefix("# yaml-language-server: $schema=")
    assert (ROOT / schema).is_file()


def test_it_is_sound_with_every_key_in_use():
    _, findings = validate(in_full().value)

    assert [(dotted(finding.path), finding.reason) for finding in findings] == []


@pytest.mark.parametrize("model", ENTRIES, ids=lambda model: model.__name__)
def test_every_key_is_there_with_meaning_and_default(model: type[BaseModel]):
    comments = documented_keys()

    unexplained = [
        key for key in model.model_fields
        if not any(re.search(r"default|required", text) for text in comments.get((model, key), ()))
    ]  # fmt: skip

    assert unexplained == []


def test_it_is_sound_once_its_files_are_there(tmp_path):
    for expert in [*SKILLS.split(), "generalist", *ROLES]:
        write_model(tmp_path / "deploy/demo/experts" / expert)
    write_router(tmp_path / "deploy/demo/routers/topic")
    on_lm_head = lora_tensors(module="lm_head", size=(8, 4))
    (tmp_path / "deploy/demo/adapters").mkdir(parents=True)
    for adapter in ADAPTERS:
        write_adapter(tmp_path / "deploy/demo/adapters" / adapter, tensors=on_lm_head)
    path = tmp_path / "experts.yaml"
    path.write_bytes(SHIPPED.read_bytes())

    checked = check(path, environ={})

    assert (checked.faults, checked.warnings) == ((), ())


def test_it_serves_twelve_skills_a_generalist_roles_and_auto():
    registry, _ = validate(parse(SHIPPED.read_text(), file="f").value)

    assert registry is not None
    answering = [expert.id for expert in registry.experts if not expert.embeds]
    assert answering == [*SKILLS.split(), "generalist", *ADAPTERS, *ROLES]
    assert [expert.id for expert in registry.experts if "role" in expert.tags] == ROLES
    assert [expert.id for expert in registry.experts if expert.base == "generalist"] == ADAPTERS
    assert [expert.id for expert in registry.experts if expert.embeds] == ["minilm"]
    assert registry.compositions["auto"].router == "topic"
    assert registry.routers["topic"].fallback == "generalist"


def test_every_file_it_names_is_in_the_tree():
    checked = check(SHIPPED, environ={})

    assert [str(fault) for fault in checked.faults] == []


def test_it_counts_the_weights_right():
    registry, _ = validate(parse(SHIPPED.read_text(), file="f").value)
    assert registry is not None

    where = Surroundings(folder=ROOT)
    for expert in registry.experts:
        folder = where.model_folder(str(expert.adapter or expert.model))
        assert folder is not None
        of_floats = {
            name: num_bytes
            for name, num_bytes in read_checkpoint(folder).weights.bytes_by_type.items()
            if name.startswith("F")
        }
        width = "F32" if expert.embeds else "F16"
        num_bytes = int(width[1:]) // 8 * (expert.parameters or 0)
        assert (expert.id, of_floats) == (expert.id, {width: num_bytes})
