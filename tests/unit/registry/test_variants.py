"""Which variant serves, and what can be wrong with variants."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engines.vllm_settings import engine_arguments
from orchestrator.registry.arguments import ArgFault
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.loader import check
from orchestrator.registry.models import Expert, Slot, Variant
from orchestrator.registry.variants import as_served, choose, serving
from orchestrator.registry.weights import Weights
from tests.registries import write_model, write_registry

GIB = 2**30
SLOT = Slot(name="local", memory_gib=4, engine_overhead_gib=0.5)
LARGE = Slot(name="large", memory_gib=40, engine_overhead_gib=0.5)

#: GiB on disk, in 2 bytes a number.
SIZES = {"full": 4.0, "small": 1.0, "tiny": 0.5}


def weights_of(served):
    return Weights(bytes_by_type={"F16": int(SIZES[served.model] * GIB)})


def variant(name, loss, *, model=None, **fields):
    return Variant(name=name, loss=loss, model=model, **fields)


def expert(*variants, max_loss=1.0, **fields):
    engine = VllmEngine(kv_cache_gib=0.5, dtype="float16", args={"seed": 1})
    return Expert(
        id="e", model="full", engine=engine, variants=variants, max_loss=max_loss, **fields
    )


SMALL = variant("small", 0.4, model="small")
TINY = variant("tiny", 0.9, model="tiny")


def test_the_expert_itself_serves_where_a_slot_has_room():
    choice = choose(expert(SMALL), [SLOT, LARGE], weights_of)

    assert (choice.variant, choice.slots) == (None, ("large",))
    assert serving(choice.served) is None
    assert str(choice) == "expert 'e': it serves on large"


def test_else_the_variant_of_least_loss_that_fits():
    choice = choose(expert(TINY, SMALL), [SLOT], weights_of)

    assert choice.variant == SMALL
    assert str(choice) == (
        "expert 'e': variant 'small' (loss 0.4) serves on local; itself fits no slot: expert 'e' "
        "needs 4 weights (4 on disk x 1) + 0.5 KV cache + 0.5 engine = 5 GiB"
    )


def test_a_variant_over_the_loss_allowed_never_serves():
    choice = choose(expert(SMALL, max_loss=0.3), [SLOT], weights_of)

    assert (choice.variant, choice.slots) == (None, ())
    assert "it serves nowhere: nothing fits" in str(choice)


def test_an_engine_gets_what_the_variant_changes_under_the_experts_id():
    changed = variant("v", 0, model="small", dtype="bfloat16", args={"quantization": "fp8"})
    whole = expert(changed, revision="main", sha256={"a": "0" * 64}, skills=("x",))

    served = as_served(whole, changed)

    assert (served.id, served.model, served.engine.dtype) == ("e", "small", "bfloat16")
    assert served.engine.args == {"seed": 1, "quantization": "fp8"}
    assert (served.revision, served.sha256, served.skills) == (None, {}, ("x",))
    assert serving(served) == changed


def test_what_a_variant_leaves_out_stays_the_experts():
    served = as_served(expert(revision="main"), variant("half", 0, dtype="bfloat16"))

    assert (served.model, served.revision, served.engine.kv_cache_gib) == ("full", "main", 0.5)


def test_an_expert_and_its_variant_are_two_definitions():
    whole = expert(SMALL)

    assert as_served(whole, SMALL).version != as_served(whole, None).version


@given(
    losses=st.lists(st.floats(0, 2), min_size=1, max_size=5),
    sizes=st.lists(st.floats(0.1, 8), min_size=6, max_size=6),
    max_loss=st.floats(0, 2),
)
def test_nothing_allowed_that_fits_has_less_loss_than_what_serves(losses, sizes, max_loss):
    listed = [variant(f"v{at}", loss, model=f"v{at}") for at, loss in enumerate(losses)]
    by_model = dict(zip(["full", *(f"v{at}" for at in range(5))], sizes, strict=True))

    def weights(served):
        return Weights(bytes_by_type={"F16": int(by_model[served.model] * GIB)})

    choice = choose(expert(*listed, max_loss=max_loss), [SLOT], weights)

    fitting = [one.loss for one in listed if by_model[one.model] <= 3 and one.loss <= max_loss]
    if by_model["full"] <= 3:
        assert choice.variant is None
    elif fitting:
        assert choice.variant is not None
        assert choice.variant.loss == min(fitting)
    else:
        assert choice.slots == ()


REGISTRY = """\
experts:
  - id: maths
    model: models/maths
    max_loss: 1
    variants:
      - {name: half, dtype: bfloat16, loss: 0.4}
      - {name: small, model: models/small, loss: 0.9}
slots:
  - {name: local, memory_gib: 2}
"""


@pytest.fixture
def checked(tmp_path):
    """What `check` makes of a registry of two folders with tokenizers."""

    def of(text=REGISTRY, *, vocabulary=("a", "b"), num_gib=0):
        path = write_registry(tmp_path, text)
        write_model(tmp_path / "models/maths", num_bytes=int(num_gib * GIB) or 64)
        write_model(tmp_path / "models/small")
        for folder, words in (("maths", ("a", "b")), ("small", vocabulary)):
            ids = {word: at for at, word in enumerate(words)}
            tokenizer = {"model": {"vocab": ids, "merges": []}, "truncation": folder}
            (tmp_path / "models" / folder / "tokenizer.json").write_text(json.dumps(tokenizer))
        return check(path, environ={}, engine_args=lambda _args: [])

    return of


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (", loss: 0.4", "", "experts[0].variants[0].loss: the key 'loss' is missing"),
        ("name: small", "name: half", "variants[1].name: 'half' is the name of another variant"),
        ("dtype: bfloat16, ", "", "experts[0].variants[0]: changes nothing"),
        ("models/small", "models/no/ne", "variants[1].model: 'models/no/ne' is no folder"),
        ("model: models/maths\n", "engine: {kind: fake}\n", "variants: an expert of fake"),
    ],
)  # fmt: skip
def test_a_variant_at_fault_is_told_with_its_place(checked, old, new, fault):
    found = checked(REGISTRY.replace(old, new))

    assert found.registry is None
    assert any(fault in str(one) for one in found.faults), found.faults


def test_a_variant_of_another_vocabulary_is_another_expert(checked):
    (fault,) = checked(vocabulary=("b", "a")).faults

    assert fault.key == "experts[0].variants[1].model"
    assert "has another tokenizer than 'models/maths': it is another expert" in str(fault)


def test_arguments_of_a_variant_are_checked_where_they_stand(tmp_path):
    path = write_registry(tmp_path, REGISTRY.replace("dtype: bfloat16", "args: {quant: fp8}"))
    write_model(tmp_path / "models/small")

    def refuses(args):
        return [ArgFault(name=name, reason="is no argument") for name in args]

    (fault,) = check(path, environ={}, engine_args=refuses).faults

    assert fault.key == "experts[0].variants[0].args.quant"


def test_a_loaded_registry_holds_what_serves(checked):
    # 0.6 on disk in 2 bytes is 1.2 in float32: 1.2 + 0.25 + 1 > 2; in bfloat16 0.6 + 1.25 fits.
    found = checked(num_gib=0.6)

    (served,) = found.registry.experts
    assert served.engine.dtype == "bfloat16"
    assert serving(served).name == "half"
    assert engine_arguments(served, source="x", on_cpu=True)["dtype"] == "bfloat16"
    assert [choice.slots for choice in found.choices] == [("local",)]


@pytest.mark.parametrize(("parameters", "num_warnings"), [("", 1), ("    parameters: 9\n", 0)])
def test_a_choice_by_weights_that_are_not_here_is_said_to_be_a_guess(
    checked, parameters, num_warnings
):
    found = checked(REGISTRY.replace("models/maths\n", f"org/maths\n{parameters}"))

    warned = [str(one) for one in found.warnings if "is a guess until" in str(one)]
    assert len(warned) == num_warnings


def test_an_expert_that_fits_keeps_none_of_its_variants(checked):
    (served,) = checked().registry.experts

    assert served.variants == ()


def test_an_expert_whose_variants_may_not_serve_does_not_fit(checked):
    found = checked(REGISTRY.replace("max_loss: 1", "max_loss: 0"), num_gib=0.6)

    assert found.registry is None
    assert "too small" in str(found.faults[0])
    assert "the expert itself fits no slot: the least loss is 0.4, of 'half'" in str(
        found.warnings[0]
    )
