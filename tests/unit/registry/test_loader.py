"""Whole files: every fault at once, each with its place."""

from typing import get_args

import pytest

from orchestrator.errors import RegistryError
from orchestrator.registry.arguments import ArgFault
from orchestrator.registry.loader import check, load
from orchestrator.registry.routers import RouterSpec
from tests.registries import VALID, write_registry


def faults_of(folder, text, **options):
    path = write_registry(folder, text)
    return [
        str(fault).removeprefix(f"{folder}/") for fault in check(path, environ={}, **options).faults
    ]


@pytest.mark.parametrize("key", ["experts", "slots"])
def test_a_missing_key_is_named_even_where_it_is_called_like_a_kind(tmp_path, key):
    told = faults_of(tmp_path, f"kind: {key}\n")

    assert "experts.yaml:1:1: experts: the key 'experts' is missing" in told


def test_a_sound_file_becomes_a_registry(tmp_path):
    registry = load(write_registry(tmp_path))

    assert [expert.id for expert in registry.experts] == ["maths", "general"]
    assert registry.compositions["auto"].router == "topic"


def test_folders_are_absolute_once_loaded(tmp_path, monkeypatch):
    write_registry(tmp_path / "site")
    monkeypatch.chdir(tmp_path)

    registry = load((tmp_path / "site/experts.yaml").relative_to(tmp_path))

    assert registry.experts[0].model == str(tmp_path / "site/models/maths")
    assert registry.routers["topic"].artifact == str(tmp_path / "site/routers/topic")


#: id -> (what to replace in VALID, by what, the fault)
ROUTER_KINDS = [
    one.model_fields["kind"].annotation.__args__[0] for one in get_args(get_args(RouterSpec)[0])
]

BAD_KEYS = {
    "unknown key": (
        "kv_cache_gib: 0.5", "kv_cach_gib: 0.5",
        ("experts.yaml:5:26: experts[0].engine.kv_cach_gib: unknown key 'kv_cach_gib'; allowed: "
        "kind, task, max_model_len, dtype, kv_cache_gib, tensor_parallel, max_loras, tool_parser, "
        "reasoning_parser, trust_remote_code, args; did you mean 'kv_cache_gib'?"),
    ),
    "unknown key at the top": (
        "slots:", "slot:",
        ("experts.yaml:12:1: slot: unknown key 'slot'; allowed: version, experts, routers, "
        "compositions, slots, defaults; did you mean 'slots'?"),
    ),
    "unknown engine": (
        "kind: vllm", "kind: vlm",
        ("experts.yaml:5:20: experts[0].engine.kind: 'vlm' is not a known kind; allowed: vllm, "
        "openai, litellm, replay, fake; did you mean 'vllm'?"),
    ),
    "no engine kind": (
        "kind: vllm, kv", "kv",
        ("experts.yaml:5:13: experts[0].engine: the key 'kind' is missing; "
        "allowed: vllm, openai, litellm, replay, fake"),
    ),
    "unknown router kind": (
        "kind: category", "kind: catgory",
        (f"experts.yaml:9:17: routers.topic.kind: 'catgory' is not a known kind; "
         f"allowed: {', '.join(ROUTER_KINDS)}; did you mean 'category'?"),
    ),
    "missing key": (
        "name: local, ", "",
        "experts.yaml:13:5: slots[0].name: the key 'name' is missing",
    ),
    "text for a number": (
        "memory_gib: 2", "memory_gib: '2'",
        "experts.yaml:13:31: slots[0].memory_gib: '2' should be a number",
    ),
    "truth for a number": (
        "memory_gib: 2", "memory_gib: true",
        "experts.yaml:13:31: slots[0].memory_gib: true should be a number",
    ),
    "out of range": (
        "memory_gib: 2", "memory_gib: -2",
        "experts.yaml:13:31: slots[0].memory_gib: -2 should be greater than 0",
    ),
    "bad id": (
        "auto:", "a b:",
        ("experts.yaml:11:3: compositions.'a b': 'a b' is not a name: up to 64 letters, digits, "
        "'.', '_' and '-', the first a letter or a digit"),
    ),
    "list for a mapping": (
        "{kind: fake, says: hello}", "[fake]",
        "experts.yaml:7:13: experts[1].engine: a list should be a mapping",
    ),
    "keys that do not go together": (
        "{kind: route, router: topic}", "{kind: moa}",
        ("experts.yaml:11:9: compositions.auto: name who proposes, by `proposers` or by a "
        "`router`: one of the two"),
    ),
    "unknown expert": (
        "fallback: general", "fallback: genral",
        ("experts.yaml:9:62: routers.topic.fallback: 'genral' is not an expert of this registry; "
        "allowed: general, maths; did you mean 'general'?"),
    ),
    "unknown router": (
        "router: topic", "router: tropic",
        ("experts.yaml:11:31: compositions.auto.router: 'tropic' is not a router of this registry; "
        "allowed: topic; did you mean 'topic'?"),
    ),
    "duplicate id": (
        "id: general", "id: maths",
        ("experts.yaml:6:9: experts[1].id: 'maths' is already the name of a model at experts[0]; "
        "names are unique"),
    ),
    "composition named as an expert": (
        "auto:", "maths:",
        ("experts.yaml:11:3: compositions.maths: 'maths' is already the name of a model at "
        "experts[0]; names are unique"),
    ),
    "answers that nothing reads": (
        "auto: {kind: route, router: topic}", "auto: {kind: vote, router: topic, answers: meanin}",
        ("experts.yaml:11:46: compositions.auto.answers: 'meanin' is not a known answers; allowed: "
        "number, option, boolean, set, latex, code, json, text, meaning; did you mean 'meaning'?"),
    ),
    "version of another time": (
        "version: 1", "version: 2",
        "experts.yaml:1:10: version: 2 should be 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_bad_key_is_named_with_its_place(tmp_path, old, new, expected):
    faults = faults_of(tmp_path, VALID.replace(old, new, 1))

    assert expected in faults


def test_all_faults_come_at_once_in_the_order_of_the_file(tmp_path):
    text = VALID.replace("says:", "say:").replace("models/maths", "models/x/none")
    text = text.replace("router: topic", "router: x").replace("memory_gib: 2", "memory_gib: x")

    lines = [fault.split(":")[1] for fault in faults_of(tmp_path, text)]

    assert lines == ["4", "7", "11", "13"]


def test_a_faulty_entry_still_counts_as_a_name(tmp_path):
    faults = faults_of(tmp_path, VALID.replace("{kind: fake, says: hello}", "3"))

    assert len(faults) == 1


def test_a_value_the_text_check_refused_is_not_refused_again(tmp_path):
    (fault,) = faults_of(tmp_path, VALID.replace("memory_gib: 2", "memory_gib: .inf"))

    assert "not a finite number" in fault


def test_slots_of_another_form_are_not_also_missing(tmp_path):
    (fault,) = faults_of(tmp_path, VALID.replace("\n  - {name: local, memory_gib: 2}", " 3"))

    assert fault == "experts.yaml:12:8: slots: 3 should be a list"


def test_a_list_of_one_bad_item_is_not_also_called_too_short(tmp_path):
    (fault,) = faults_of(
        tmp_path, VALID.replace("id: general", "id: general\n    modalities: [txt]")
    )

    assert "'txt' is not allowed here; allowed: text, image; did you mean 'text'?" in fault


@pytest.mark.parametrize("text", ["null", "3", "[]", "experts: []", "experts: 3", "{}"])
def test_what_is_no_registry_at_all_is_a_fault(tmp_path, text):
    assert faults_of(tmp_path, text)


def test_the_error_lists_every_fault_on_a_line_of_its_own(tmp_path):
    path = write_registry(tmp_path, VALID.replace("id: general", "id: maths\n    idd: 3"))

    with pytest.raises(RegistryError) as caught:
        load(path)

    assert len(caught.value.message.splitlines()) == 3


def test_engine_arguments_are_judged_by_whoever_knows_them(tmp_path):
    text = VALID.replace("kv_cache_gib: 0.5", "args: {max_num_sqes: 3}")

    faults = faults_of(
        tmp_path, text, engine_args=lambda args: [ArgFault(name=n, reason="odd") for n in args]
    )

    assert faults == ["experts.yaml:5:33: experts[0].engine.args.max_num_sqes: odd"]


def test_unchecked_engine_arguments_are_a_warning(tmp_path):
    path = write_registry(tmp_path, VALID.replace("kv_cache_gib: 0.5", "args: {max_num_sqes: 3}"))

    checked = check(path, environ={})

    assert checked.registry is not None
    assert "were not checked: vLLM is not installed" in str(checked.warnings[0])
