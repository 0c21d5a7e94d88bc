import pickle

import pytest

from orchestrator.registry.models import Expert, key_of

MATHS = Expert(id="maths", model="m", sha256={"model.safetensors": "a" * 64, "b": "b" * 64})


@pytest.mark.parametrize(
    "edit",
    [
        {"description": "x"},
        {"skills": ("algebra",)},
        {"tags": ("t",)},
        {"price": {"input_usd_per_mtok": 2.0}},
        {"defaults": {"temperature": 0.5}},
        {"license": "mit"},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_what_no_engine_sees_leaves_the_version(edit):
    assert Expert.model_validate(MATHS.model_dump() | edit).key == MATHS.key


@pytest.mark.parametrize(
    "edit",
    [
        {"model": "other"},
        {"revision": "main"},
        {"sha256": {}},
        {"base": "generalist", "adapter": "a"},
        {"variants": [{"name": "half", "loss": 1}]},
        {"max_loss": 1.0},
        {"engine": {"kind": "fake", "says": "x"}},
        {"engine": {"kind": "vllm", "max_model_len": 512}},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_what_decides_words_or_engine_is_another_version(edit):
    assert Expert.model_validate(MATHS.model_dump() | edit).version != MATHS.version


def test_a_copy_with_other_weights_is_another_version_even_once_it_was_asked_for():
    before = MATHS.version

    copy = MATHS.model_copy(update={"model": "other"})

    assert copy.version == Expert.model_validate(copy.model_dump()).version != before
    assert MATHS.model_copy() == MATHS
    assert pickle.loads(pickle.dumps(MATHS)).version == before


def test_the_order_of_mappings_and_a_way_through_json_leave_the_version():
    turned = MATHS.model_copy(update={"sha256": dict(reversed(MATHS.sha256.items()))})

    assert turned.version == MATHS.version
    assert Expert.model_validate_json(MATHS.model_dump_json()).version == MATHS.version
    assert MATHS.key == key_of("maths", MATHS.version)
