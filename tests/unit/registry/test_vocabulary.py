"""Tokenizers compared by what they mean, not by how their files look."""

import json

import pytest

from orchestrator.errors import WeightsError
from orchestrator.registry.vocabulary import vocabulary_digest

TOKENIZER = {
    "truncation": None,
    "padding": None,
    "added_tokens": [{"id": 3, "content": "<eos>"}],
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]},
}


def digest(folder, **changes):
    (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER | changes, indent=1))
    return vocabulary_digest(folder)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"truncation": {"max_length": 9}}, id="settings of a call"),
        pytest.param({"model": TOKENIZER["model"] | {"merges": ["a b"]}}, id="older merges"),
    ],
)
def test_files_that_give_equal_ids_are_equal(tmp_path, changes):
    assert digest(tmp_path, **changes) == digest(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": TOKENIZER["model"] | {"vocab": {"a": 1, "b": 0, "ab": 2}}},
        {"model": TOKENIZER["model"] | {"merges": []}},
        {"added_tokens": []},
        {"normalizer": {"type": "Lowercase"}},
    ],
    ids=["ids", "merges", "added tokens", "normaliser"],
)
def test_files_that_give_other_ids_are_not(tmp_path, changes):
    assert digest(tmp_path, **changes) != digest(tmp_path)


def test_no_file_has_no_digest(tmp_path):
    assert vocabulary_digest(tmp_path) is None


@pytest.mark.parametrize("text", ["{", "[]", '"x"'])
def test_a_damaged_file_is_said(tmp_path, text):
    (tmp_path / "tokenizer.json").write_text(text)

    with pytest.raises(WeightsError, match=r"tokenizer\.json"):
        vocabulary_digest(tmp_path)
