"""The entry of an expert in a registry that people wrote."""

import pytest

from orchestrator.errors import RegistryError
from orchestrator.registry.document import parse
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.expert_text import entry_text, replace_text, with_entry
from orchestrator.registry.models import Expert

ENTRY = Expert(
    id="both", model="models/both", engine=VllmEngine(kv_cache_gib=0.5), skills=("a", "b")
)
ITEM = """\
  - id: both
    model: models/both
    engine: {kind: vllm, kv_cache_gib: 0.5}
    skills: [a, b]
"""
HEAD = "# mine\nexperts:  # all\n  - id: a\n    model: m\n"


def test_an_entry_is_written_as_people_write_it():
    assert entry_text(ENTRY) == ITEM


def test_an_entry_of_plain_values_is_one_key_a_line():
    entry = Expert(id="both", base="left", adapter="adapters/both", description="a: b #c")

    assert entry_text(entry) == (
        "  - id: both\n    base: left\n    adapter: adapters/both\n    description: 'a: b #c'\n"
    )


def test_nested_arguments_stay_on_one_line():
    engine = VllmEngine(args={"a": {"b": [1, 2]}, "c": True})

    (_, line) = entry_text(Expert(id="both", engine=engine)).splitlines()
    assert line == "    engine: {kind: vllm, args: {a: {b: [1, 2]}, c: true}}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "", id="the end of the file"),
        pytest.param("", "\n# on slots\nslots: []\n", id="other keys behind"),
        pytest.param("#     max_loss: 0.0  # default 0\n", "\n# other\n", id="commented keys"),
        pytest.param("    engine:\n      args: {x: 1}\n", "slots: []\n", id="a nested last key"),
        pytest.param("    description: >-\n      long\n      text\n", "slots: []\n", id="folded"),
        pytest.param("    tags:\n    - x\n    - y\n", "", id="a list in a list"),
    ],
)
def test_nothing_else_in_the_file_is_touched(before, after):
    text = with_entry(f"{HEAD}{before}{after}", ENTRY, file="f")

    assert text == f"{HEAD}{before}{ITEM}{after}"
    assert parse(text, file="f").value["experts"][-1]["id"] == "both"


def test_the_last_line_may_lack_its_end():
    assert with_entry(HEAD.rstrip("\n"), ENTRY, file="f") == HEAD + ITEM


def test_the_indentation_and_line_ends_are_those_of_the_file():
    text = with_entry("experts:\r\n- {id: a, model: m}\r\n", ENTRY, file="f")

    assert text.splitlines()[1:4] == ["- {id: a, model: m}", "- id: both", "  model: models/both"]
    assert text.count("\r\n") == text.count("\n")


@pytest.mark.parametrize("text", ["experts: [{id: a}]\n", "version: 1\n", "[]\n", "experts: []\n"])
def test_a_list_that_is_not_one_of_lines_is_left_to_people(text):
    with pytest.raises(RegistryError, match="f: `experts` is no list"):
        with_entry(text, ENTRY, file="f")


def test_a_file_is_replaced_at_once_and_keeps_its_mode(tmp_path):
    path = tmp_path / "experts.yaml"
    path.write_text("old")
    path.chmod(0o640)
    (tmp_path / "link").symlink_to(path)

    replace_text(tmp_path / "link", "new")

    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)
    assert (tmp_path / "link").is_symlink()


def test_a_file_that_cannot_be_replaced_is_said(tmp_path):
    with pytest.raises(RegistryError, match="cannot be written"):
        replace_text(tmp_path / "gone/experts.yaml", "new")
