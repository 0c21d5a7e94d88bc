"""Differences: what they say, and that they say everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.registry.diff import Diff, diff, lines, sections
from orchestrator.registry.models import Registry


def registry(*experts, **sections):
    entries = tuple({"engine": {"kind": "fake"}} | one for one in experts)
    return Registry.model_validate({"experts": entries, **sections})


OLD = registry({"id": "a"}, {"id": "b", "tags": ("x",)}, slots=({"name": "s", "memory_gib": 2},))

EDITS = {
    "an expert more": (
        registry({"id": "a"}, {"id": "b", "tags": ("x",)}, {"id": "c"}, slots=OLD.slots),
        ["+ expert c"],
    ),
    "an expert less": (registry({"id": "a"}, slots=OLD.slots), ["- expert b"]),
    "a tag": (
        registry({"id": "a"}, {"id": "b", "tags": ("y",)}, slots=OLD.slots),
        ["~ expert b", "    tags: ['x'] -> ['y']"],
    ),
    "an engine": (
        registry(
            {"id": "a", "engine": {"kind": "fake", "says": "hi"}},
            {"id": "b", "tags": ("x",)},
            slots=OLD.slots,
        ),
        ["~ expert a  (hosted anew)", "    engine.says: '' -> 'hi'"],
    ),
    "the order": (
        registry({"id": "b", "tags": ("x",)}, {"id": "a"}, slots=OLD.slots),
        ["~ experts in another order"],
    ),
    "a slot's memory and a default": (
        registry(
            *({"id": "a"}, {"id": "b", "tags": ("x",)}),
            slots=({"name": "s", "memory_gib": 3},),
            defaults={"max_tokens": 9},
        ),
        ["~ slot s", "    memory_gib: 2.0 -> 3.0", "~ defaults.max_tokens: 256 -> 9"],
    ),
    "a router and a composition": (
        registry(
            *({"id": "a"}, {"id": "b", "tags": ("x",)}),
            slots=OLD.slots,
            routers={"r": {"kind": "category", "artifact": "f", "fallback": "a"}},
            compositions={"auto": {"kind": "route", "router": "r"}},
        ),
        ["+ router r", "+ composition auto"],
    ),
}


@pytest.mark.parametrize(("new", "expected"), EDITS.values(), ids=EDITS)
def test_each_difference_is_a_line(new, expected):
    assert list(lines(diff(OLD, new))) == expected


names = st.sampled_from(["a", "b", "c", "d"])
engines = st.fixed_dictionaries({"kind": st.just("fake")}, optional={"says": st.text(max_size=2)}) \
    | st.fixed_dictionaries(
        {"kind": st.just("vllm")},
        optional={
            "max_model_len": st.integers(16, 18),
            "args": st.dictionaries(names, st.integers(0, 2) | st.lists(st.integers(0, 1))),
        },
    )  # fmt: skip
experts = st.fixed_dictionaries(
    {"id": names, "engine": engines},
    optional={
        "tags": st.lists(names, max_size=2).map(tuple),
        "price": st.fixed_dictionaries({}, optional={"input_usd_per_mtok": st.floats(0, 1)}),
    },
)
registries = st.fixed_dictionaries(
    {"experts": st.lists(experts, min_size=1, max_size=4, unique_by=lambda one: one["id"])},
    optional={
        "slots": st.lists(
            st.fixed_dictionaries({"name": names, "memory_gib": st.integers(1, 2)}),
            max_size=2,
            unique_by=lambda one: one["name"],
        ),
        "compositions": st.dictionaries(names, st.just({"kind": "route", "router": "r"})),
        "defaults": st.fixed_dictionaries({}, optional={"max_tokens": st.integers(1, 2)}),
    },
).map(Registry.model_validate)


@given(old=registries, new=registries)
def test_a_difference_is_empty_exactly_where_both_are_equal(old, new):
    assert diff(old, new).is_empty == (old == new)
    assert (not list(lines(diff(old, new)))) == (old == new)


@given(old=registries, new=registries)
def test_the_names_of_the_old_with_the_difference_are_those_of_the_new(old, new):
    experts = diff(old, new).experts
    names = {expert.id for expert in old.experts}

    assert (names | set(experts.added)) - set(experts.removed) == {one.id for one in new.experts}
    assert not names & set(experts.added)


@given(old=registries, new=registries)
def test_the_way_back_is_the_difference_turned_round(old, new):
    there, back = diff(old, new), diff(new, old)

    for (_, one), (_, other) in zip(sections(there), sections(back), strict=True):
        assert set(one.added) == set(other.removed)
        assert {change.name for change in one.changed} == {change.name for change in other.changed}
    assert {key.key: key.new for key in there.defaults} == {k.key: k.old for k in back.defaults}


@given(old=registries, new=registries)
def test_a_difference_survives_its_json(old, new):
    found = diff(old, new)

    assert Diff.model_validate_json(found.model_dump_json()) == found
