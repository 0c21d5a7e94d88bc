"""Merges of siblings, from folder to folder."""

import json

import numpy as np
import pytest

from orchestrator.errors import MergeError
from orchestrator.merging.siblings import write_siblings
from orchestrator.merging.sources import check_siblings, template_note
from orchestrator.registry.weights import read_checkpoint
from tests.unit.merging.small import random_tensors, recipe, sibling, tensors_of


def written(tmp_path, made):
    folder = tmp_path / "merged"
    folder.mkdir(parents=True)
    return folder, write_siblings(made, folder)


def rewrite(source, file, **changes):
    path = source.folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def without(name):
    tensors = random_tensors(1)
    del tensors[name]
    return tensors


@pytest.mark.parametrize(
    ("tensors", "fault"),
    [
        pytest.param(without("norm.weight"), "'norm.weight' is missing", id="a tensor missing"),
        pytest.param(
            random_tensors(1) | {"extra.weight": np.zeros(2, "float32")},
            "'extra.weight' is unknown",
            id="one too many",
        ),
        pytest.param(
            random_tensors(1) | {"norm.weight": np.zeros(5, "float32")},
            r"'norm.weight' is F32 \[5\]",
            id="another shape",
        ),
        pytest.param(random_tensors(1, dtype="float16"), "is F16", id="another type"),
    ],
)
def test_tensors_that_do_not_fit_are_refused_by_expert_and_tensor(tmp_path, tensors, fault):
    pair = [sibling(tmp_path, "a"), sibling(tmp_path, "b", tensors=tensors)]

    with pytest.raises(MergeError, match=f"expert 'b' is no sibling of 'a'.*{fault}"):
        check_siblings(pair)


def test_another_config_is_refused_by_its_key(tmp_path):
    pair = [sibling(tmp_path, "a"), sibling(tmp_path, "b")]
    rewrite(pair[1], "config.json", rope_theta=5e5)

    with pytest.raises(
        MergeError, match=r"'b' is no sibling of 'a': 'rope_theta' .* 500000.0, not"
    ):
        check_siblings(pair)


def test_names_and_versions_of_a_config_may_differ(tmp_path):
    pair = [sibling(tmp_path, "a"), sibling(tmp_path, "b")]
    rewrite(pair[1], "config.json", _name_or_path="x", transformers_version="4")

    check_siblings(pair)


def test_another_tokenizer_is_refused(tmp_path):
    pair = [sibling(tmp_path, "a"), sibling(tmp_path, "b")]
    rewrite(pair[1], "tokenizer.json", model={"type": "BPE", "vocab": {"b": 0, "a": 1}})

    with pytest.raises(MergeError, match="'b' has another tokenizer than 'a'"):
        check_siblings(pair)


@pytest.mark.parametrize(
    ("text", "fault"), [(None, "no tokenizer.json"), ("{", "JSON"), ("[]", "no mapping")]
)
def test_a_tokenizer_that_cannot_be_read_is_refused(tmp_path, text, fault):
    pair = [sibling(tmp_path, "a"), sibling(tmp_path, "b")]
    path = pair[1].folder / "tokenizer.json"
    path.unlink() if text is None else path.write_text(text)

    with pytest.raises(MergeError, match=f"expert 'b'.*{fault}"):
        check_siblings(pair)


def test_integers_that_differ_cannot_be_averaged(tmp_path):
    pair = [
        sibling(tmp_path, name, tensors=random_tensors(0) | {"ids": np.arange(3) + at})
        for at, name in enumerate("ab")
    ]

    with pytest.raises(MergeError, match="'b': tensor 'ids' is I64 and differs from that of 'a'"):
        check_siblings(pair)


def test_integers_that_are_equal_are_kept(tmp_path):
    ids = {"ids": np.arange(3), "mask": np.array([True, False])}
    pair = [
        sibling(tmp_path, name, tensors=random_tensors(at) | ids) for at, name in enumerate("ab")
    ]
    check_siblings(pair)

    folder, _ = written(tmp_path, recipe(*pair, weights=(0.5, 0.5)))

    merged = tensors_of(folder)
    assert merged["ids"].tolist() == [0, 1, 2]
    assert merged["mask"].tolist() == [True, False]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_mean_is_that_of_each_tensor_in_its_type(tmp_path, dtype):
    tensors = [random_tensors(seed, dtype=dtype) for seed in range(2)]
    pair = [sibling(tmp_path, name, tensors=own) for name, own in zip("ab", tensors, strict=True)]

    folder, result = written(tmp_path, recipe(*pair, weights=(0.75, 0.25)))

    for name, found in tensors_of(folder).items():
        wide = [own[name].astype("float64") for own in tensors]
        assert found.dtype == dtype
        assert np.array_equal(found, (0.75 * wide[0] + 0.25 * wide[1]).astype(dtype))
    assert result.num_parameters == 8 * 4 + 4 * 4 + 4
    assert read_checkpoint(folder).tensors.keys() == tensors[0].keys()


def test_a_twin_merge_by_one_weight_is_that_expert_and_says_what_it_lost(tmp_path):
    pair = [sibling(tmp_path, "a", seed=1), sibling(tmp_path, "b", seed=2)]

    folder, whole = written(tmp_path, recipe(*pair, weights=(0.0, 1.0), method="twin", rank=4))
    _, small = written(tmp_path / "c", recipe(*pair, weights=(0.0, 1.0), method="twin", rank=1))

    for name, found in tensors_of(folder).items():
        np.testing.assert_allclose(found, tensors_of(pair[1].folder)[name], atol=1e-6)
    assert whole.errors == {"a": 0, "b": 0}
    assert 0.1 < small.errors["b"] < 1


def test_a_twin_merge_adds_to_what_is_given_as_shared(tmp_path):
    base, *pair = [sibling(tmp_path, name, seed=at) for at, name in enumerate(("base", "a", "b"))]

    made = recipe(*pair, weights=(1.0, 1.0), method="twin", shared=base)
    folder, _ = written(tmp_path, made)

    at_base, at_a, at_b = (tensors_of(one.folder)["norm.weight"] for one in (base, *pair))
    np.testing.assert_allclose(tensors_of(folder)["norm.weight"], at_a + at_b - at_base, atol=1e-6)


def test_a_number_that_is_none_is_named(tmp_path):
    broken = random_tensors(1) | {"norm.weight": np.array([1, np.nan, 1, 1], "float32")}
    pair = [sibling(tmp_path, "a"), sibling(tmp_path, "b", tensors=broken)]

    with pytest.raises(MergeError, match=r"expert 'b': tensor 'norm\.weight' holds"):
        written(tmp_path, recipe(*pair, weights=(0.5, 0.5)))


def test_chat_templates_that_differ_are_told(tmp_path):
    pair = [sibling(tmp_path, "a"), sibling(tmp_path, "b")]
    assert template_note(pair) is None
    (pair[1].folder / "chat_template.jinja").write_text("{{ x }}")

    assert template_note(pair) == "the chat templates of b differ; that of a is kept"
