"""Experts that are adapters: faults with their place, and what they take of their base."""

import pytest

from orchestrator.registry.loader import check
from tests.unit.engines.checkpoints import TENSORS, lora_tensors, write_adapter, write_model

VALID = """\
experts:
  - id: general
    model: base
    engine: {kind: vllm, max_loras: 2, max_model_len: 64}
  - id: formal
    base: general
    adapter: formal
  - id: fake
    engine: {kind: fake}
slots:
  - {name: local, memory_gib: 2}
"""


def checked(folder, text=VALID, **adapter):
    write_model(folder / "base", tensors=TENSORS)
    write_adapter(folder / "formal", **adapter)
    path = folder / "experts.yaml"
    path.write_text(text)
    return check(path, environ={})


def faults(folder, text, **adapter):
    return [
        str(fault).replace(str(folder), "").removeprefix("/")
        for fault in checked(folder, text, **adapter).faults
    ]


def test_an_adapter_takes_model_and_engine_of_its_base(tmp_path):
    registry = checked(tmp_path).registry

    base, formal = registry.experts[:2]
    assert (formal.model, formal.engine) == (base.model, base.engine)
    assert formal.adapter == str(tmp_path / "formal")
    assert formal.engine.max_model_len == 64


#: id -> (what to replace in VALID, by what, place and message)
BAD = {
    "no such base": (
        "base: general", "base: genral",
        ("experts.yaml:6:11: experts[1].base: 'genral' is not an expert of this registry; "
        "allowed: fake, formal, general; did you mean 'general'?"),
    ),
    "no base": (
        "    base: general\n", "",
        ("experts.yaml:5:5: experts[1].base: the key 'base' is missing: expert 'formal' has "
        "'adapter'; an adapter needs both"),
    ),
    "no adapter": (
        "    adapter: formal\n", "",
        ("experts.yaml:5:5: experts[1].adapter: the key 'adapter' is missing: expert 'formal' has "
        "'base'; an adapter needs both"),
    ),
    "a base on no vLLM": (
        "base: general", "base: fake",
        ("experts.yaml:6:11: experts[1].base: 'fake' runs on engine 'fake'; only an expert on vLLM "
        "takes adapters"),
    ),
    "a base that takes none": (
        "max_loras: 2, ", "",
        ("experts.yaml:6:11: experts[1].base: 'general' takes no adapters: write `max_loras: 2`, "
        "as many as are to be ready at once, into experts[0].engine"),
    ),
    "its own base": (
        "base: general", "base: formal",
        ("experts.yaml:6:11: experts[1].base: 'formal' closes a cycle: expert 'formal' -> expert "
        "'formal'"),
    ),
    "a model of its own": (
        "    base: general", "    model: base\n    base: general",
        ("experts.yaml:6:5: experts[1].model: 'model' is not for an adapter: the weights are those "
        "of `base`; remove the key"),
    ),
    "an engine of its own": (
        "    base: general", "    engine: {kind: vllm}\n    base: general",
        ("experts.yaml:6:5: experts[1].engine: 'engine' is not for an adapter: it shares the "
        "engine of `base`; remove the key"),
    ),
    "no such folder": (
        "adapter: formal", "adapter: ./nowhere",
        ("experts.yaml:7:14: experts[1].adapter: './nowhere' is no folder in '' and no Hugging "
        "Face id (org/name) or URL"),
    ),
    "a model's folder": (
        "adapter: formal", "adapter: base",
        ("experts.yaml:7:14: experts[1].adapter: 'base' has no adapter_config.json; is it an "
        "adapter's folder?"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "fault"), BAD.values(), ids=BAD)
def test_a_faulty_adapter_is_told_with_its_place(tmp_path, old, new, fault):
    assert faults(tmp_path, VALID.replace(old, new)) == [fault]


def test_adapters_do_not_stack(tmp_path):
    text = VALID.replace(
        "  - id: fake", "  - id: curt\n    base: formal\n    adapter: formal\n  - id: fake"
    )

    assert faults(tmp_path, text) == [
        (
            "experts.yaml:9:11: experts[2].base: 'formal' is an adapter itself, on 'general'; "
            "adapters do not stack"
        )
    ]


def test_two_adapters_on_each_other_are_one_cycle(tmp_path):
    text = VALID.replace("base: general", "base: curt").replace(
        "  - id: fake", "  - id: curt\n    base: formal\n    adapter: formal\n  - id: fake"
    )

    assert faults(tmp_path, text) == [
        (
            "experts.yaml:9:11: experts[2].base: 'formal' closes a cycle: expert 'formal' -> "
            "expert 'curt' -> expert 'formal'"
        )
    ]


def test_an_adapter_of_another_base_is_told_by_its_first_misfit(tmp_path):
    (fault,) = faults(tmp_path, VALID, tensors=lora_tensors(size=(4, 6)))

    assert fault == (
        "experts.yaml:7:14: experts[1].adapter: 'formal' cannot be used: /formal is an adapter of "
        "another base: its 'layers.0.lora_A.weight' is [2, 6] and 'layers.0' of /base is [4, 4]"
    )


def test_a_rank_over_the_engines_own_limit_is_told(tmp_path):
    text = VALID.replace("max_loras: 2", "max_loras: 2, args: {max_lora_rank: 8}")

    (fault,) = faults(tmp_path, text, rank=9)

    assert "it has rank 9 and engine.args of expert 'general' limit it to max_lora_rank 8" in fault


def test_an_adapter_on_a_hub_is_fetched_later_and_a_warning(tmp_path):
    found = checked(tmp_path, VALID.replace("adapter: formal", "adapter: org/formal"))

    assert [warning.key for warning in found.warnings] == ["experts[1].adapter"]
    assert found.registry.experts[1].adapter == "org/formal"


def test_an_adapter_needs_no_memory_and_no_slot_of_its_own(tmp_path):
    text = VALID.replace("memory_gib: 2", "memory_gib: 1.3")  # 1.25 are what the base needs

    assert checked(tmp_path, text).faults == ()
