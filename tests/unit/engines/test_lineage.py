import pickle

import pytest

from orchestrator.engines.lineage import lineages
from orchestrator.errors import RegistryError
from orchestrator.registry.engine_entry import FakeEngine, VllmEngine
from orchestrator.registry.models import Expert
from tests import registries
from tests.unit.engines.checkpoints import TENSORS, lora_tensors, write_adapter, write_model


def grouped(experts, root, **options):
    return [[e.id for e in lineage.experts] for lineage in lineages(experts, root, **options)]


def two_models(root, **differences):
    write_model(root / "a")
    write_model(root / "b", **differences)
    return Expert(id="a", model="a"), Expert(id="b", model="b")


@pytest.mark.parametrize(
    "differences",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"eos_token_id": 7, "pad_token_id": 1}, id="token ids"),
        pytest.param({"_name_or_path": "x", "transformers_version": "9"}, id="names and versions"),
    ],
)
def test_siblings_share_a_lineage(tmp_path, differences):
    assert grouped(two_models(tmp_path, **differences), tmp_path) == [["a", "b"]]


@pytest.mark.parametrize(
    "differences",
    [
        pytest.param({"rope_theta": 5e5}, id="configuration"),
        pytest.param({"tensors": TENSORS | {"lm_head.weight": [9, 4]}}, id="shape"),
        pytest.param({"dtype": "F16"}, id="dtype of the tensors"),
        pytest.param({"quantization_config": {"bits": 4}}, id="quantisation"),
    ],
)
def test_other_architectures_have_their_own(tmp_path, differences):
    assert grouped(two_models(tmp_path, **differences), tmp_path) == [["a"], ["b"]]


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        pytest.param({"max_model_len": 64}, [["a"], ["b"]], id="context"),
        pytest.param({"dtype": "bfloat16"}, [["a"], ["b"]], id="dtype"),
        pytest.param({"args": {"max_num_seqs": 4}}, [["a"], ["b"]], id="args"),
        pytest.param({"dtype": "float32"}, [["a", "b"]], id="auto is float32 on a cpu"),
        pytest.param({"tool_parser": "hermes"}, [["a", "b"]], id="parsers may differ"),
    ],
)
def test_engine_settings_must_agree(tmp_path, engine, expected):
    first, second = two_models(tmp_path)
    second = second.model_copy(update={"engine": VllmEngine(**engine)})

    assert grouped((first, second), tmp_path) == expected


def test_models_with_tied_embeddings_are_siblings(tmp_path):
    write_model(tmp_path / "a", tie_word_embeddings=True)
    write_model(tmp_path / "b", tie_word_embeddings=True)
    experts = (Expert(id="a", model="a"), Expert(id="b", model="b"))

    assert grouped(experts, tmp_path) == [["a", "b"]]
    assert grouped(experts, tmp_path, on_cpu=False) == [["a", "b"]]


def test_experts_of_other_kinds_are_left_out_and_hub_models_alone(tmp_path):
    experts = (
        Expert(id="fake", engine=FakeEngine(kind="fake")),
        Expert(id="hub", model="org/model"),
        Expert(id="hub2", model="org/model"),
    )

    assert grouped(experts, tmp_path) == [["hub"], ["hub2"]]


def test_weights_still_on_the_hub_need_room_by_their_parameters(tmp_path):
    experts = [
        Expert(id="small", model="org/small", parameters=2**30),
        Expert(id="half", model="org/half", parameters=2**30, engine=VllmEngine(dtype="bfloat16")),
        Expert(id="unknown", model="org/unknown"),
    ]

    found = lineages(experts, tmp_path)

    assert [one.num_weight_bytes for one in found] == [4 * 2**30, 2 * 2**30, 0]  # float32 on a CPU


def test_weights_need_room_in_their_arithmetic_type(tmp_path):
    registries.write_model(tmp_path / "half", dtype="F16", num_bytes=64)

    (on_cpu,) = lineages([Expert(id="half", model="half")], tmp_path)
    (on_gpu,) = lineages([Expert(id="half", model="half")], tmp_path, on_cpu=False)

    assert (on_cpu.num_weight_bytes, on_gpu.num_weight_bytes) == (128, 64)  # float32 on a CPU


def test_a_lineage_id_does_not_depend_on_its_members(tmp_path):
    experts = two_models(tmp_path)

    assert lineages(experts, tmp_path)[0].id == lineages(experts[1:], tmp_path)[0].id


def test_a_lineage_travels_between_processes(tmp_path):
    (lineage,) = lineages(two_models(tmp_path), tmp_path)

    assert pickle.loads(pickle.dumps(lineage)) == lineage
    assert lineage.folder(lineage.experts[1]) == tmp_path / "b"


def test_a_broken_checkpoint_names_its_expert(tmp_path):
    write_model(tmp_path / "a")
    (tmp_path / "a/model.safetensors").write_bytes(b"")

    with pytest.raises(RegistryError, match=r"expert 'a': .*truncated"):
        lineages([Expert(id="a", model="a")], tmp_path)


def test_an_expert_without_a_model_is_refused(tmp_path):
    with pytest.raises(RegistryError, match="expert 'a' has no model"):
        lineages([Expert(id="a")], tmp_path)


def adapters_on(root, *ranks: int, **engine) -> list[Expert]:
    write_model(root / "a")
    spec = VllmEngine(max_loras=2, **engine)
    made = [
        write_adapter(root / f"r{rank}", rank=rank, tensors=lora_tensors(rank)) for rank in ranks
    ]
    adapters = [
        Expert(id=folder.name, model="a", base="a", adapter=folder.name, engine=spec)
        for folder in made
    ]
    return [*adapters, Expert(id="a", model="a", engine=spec)]


def test_adapters_are_of_their_bases_lineage_and_weights_come_first(tmp_path):
    experts = adapters_on(tmp_path, 2, 4)

    (lineage,) = lineages(experts, tmp_path)

    assert [one.id for one in lineage.experts] == ["a", "r2", "r4"]
    assert lineage.folder(experts[0]) == tmp_path / "a"
    assert lineage.adapter_folder(experts[0]) == tmp_path / "r2"
    assert (lineage.adapter_folder(experts[-1]), lineage.max_adapters) == (None, 2)


def test_adapters_of_a_tied_base_are_with_it_on_a_cpu(tmp_path):
    experts = adapters_on(tmp_path, 2)
    config = tmp_path / "a/config.json"
    config.write_text(config.read_text().replace("{", '{"tie_word_embeddings": true, ', 1))

    assert grouped(experts, tmp_path) == [["a", "r2"]]


@pytest.mark.parametrize(
    ("ranks", "engine", "room"),
    [
        pytest.param((), {}, 16, id="the usual room"),
        pytest.param((2, 40), {}, 64, id="room for the largest known"),
        pytest.param((2,), {"args": {"max_lora_rank": 8}}, 8, id="as told"),
    ],
)
def test_an_engine_makes_room_for_the_adapters_known(tmp_path, ranks, engine, room):
    (lineage,) = lineages(adapters_on(tmp_path, *ranks, **engine), tmp_path)

    assert lineage.max_lora_rank == room


def test_an_adapter_of_unusual_rank_is_of_an_engine_with_more_room(tmp_path):
    large, small, base = adapters_on(tmp_path, 40, 4)
    (without,) = lineages([small, base], tmp_path)
    (with_,) = lineages([large, small, base], tmp_path)

    assert with_.id == f"{without.id}-r64"
    assert [without.holds(one) for one in (large, small, base)] == [False, True, True]
    assert [with_.holds(one) for one in (large, small, base)] == [True, True, True]


def test_room_for_adapters_is_counted(tmp_path):
    (lineage,) = lineages(adapters_on(tmp_path, 2), tmp_path)

    num_sides = (8 + 4) + (4 + 4) + (8 + 4)  # of embed, layers.0 and lm_head
    assert lineage.num_adapter_bytes == num_sides * 16 * 4 * (2 + 1)  # one more on a CPU


def test_an_engine_without_adapters_makes_no_room(tmp_path):
    (lineage,) = lineages(two_models(tmp_path), tmp_path)

    room = (lineage.max_lora_rank, lineage.max_adapters, lineage.num_adapter_bytes)
    assert room == (0, 0, 0)
