"""A merge as a folder: what is in it, and that it is whole."""

from datetime import UTC, datetime

import pytest

from orchestrator.errors import MergeError
from orchestrator.merging.entry import entry_of
from orchestrator.merging.write import write
from tests.unit.merging.small import adapter, recipe, sibling

AT = datetime(2026, 11, 22, 5, tzinfo=UTC)


@pytest.fixture
def made(tmp_path):
    pair = [
        sibling(tmp_path, "a", seed=1, license="MIT", skills=("x",)),
        sibling(tmp_path, "b", seed=2, license="GPL-3.0", skills=("x", "y")),
    ]
    for name in ("canary.json", "README.md", "tokenizer_config.json", "notes.txt"):
        (pair[0].folder / name).write_text("{}")
    return recipe(*pair, weights=(0.75, 0.25))


def refuse(_folder):
    raise MergeError("no engine")


def test_a_folder_holds_what_an_engine_needs_and_nothing_of_the_source_alone(made, tmp_path):
    write(made, tmp_path / "out", made_at=AT)

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]


def test_the_card_says_what_it_is_made_of(made, tmp_path):
    merged = write(made, tmp_path / "out", made_at=AT)

    card = (tmp_path / "out/README.md").read_text()
    assert "| a | 0.75 | MIT |" in card
    assert "| licence | GPL-3.0 AND MIT |" in card
    assert "GPL-3.0 of b binds what is made from it" in card
    assert merged.written.sha256_by_file["model.safetensors"] in card
    assert "2026-11-22T05:00:00+00:00" in card
    assert "no canary was recorded" in card


def test_a_canary_is_recorded_before_the_folder_is_seen(made, tmp_path):
    out, seen = tmp_path / "out", []

    merged = write(made, out, made_at=AT, record=lambda new: seen.append((new, out.exists())))

    ((folder, was_there),) = seen
    assert (folder.parent.parent, was_there) == (tmp_path, False)
    assert merged.notes == ()


def test_a_canary_that_fails_leaves_no_folder(made, tmp_path):
    with pytest.raises(MergeError, match="no engine"):
        write(made, tmp_path / "out", made_at=AT, record=refuse)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_merge_does_not_replace_what_it_is_made_of(made, tmp_path):
    with pytest.raises(MergeError, match="holds one of the experts"):
        write(made, tmp_path / "b", made_at=AT, replaces=True)


def test_an_entry_takes_its_engine_from_the_first_and_skills_from_all(made, tmp_path):
    merged = write(made, tmp_path / "models/out", made_at=AT)

    entry = entry_of(made, merged, registry_folder=tmp_path)

    assert (entry.model, entry.skills) == ("models/out", ("x", "y"))
    assert entry.description == "Mean of a (0.75) and b (0.25)."
    assert (entry.license, entry.parameters) == ("GPL-3.0 AND MIT", 8 * 4 + 4 * 4 + 4)


def test_an_entry_of_a_blend_is_an_adapter_on_the_base(tmp_path):
    pair = [adapter(tmp_path, "a"), adapter(tmp_path, "b")]
    blend = recipe(*pair, weights=(1.0, 0.5), method="blend", rank=1)
    merged = write(blend, tmp_path / "out", made_at=AT)

    entry = entry_of(blend, merged, registry_folder=tmp_path / "elsewhere")

    assert (entry.base, entry.adapter, entry.model) == ("base", str(tmp_path / "out"), None)
    assert "relative error of the rank" in (tmp_path / "out/README.md").read_text()
