import random

import pytest

from bench.fuzz import example, fuzzed
from bench.fuzz_targets import FuzzTarget, targets
from bench.mutations import damaged, retyped, split
from orchestrator.errors import RequestError

SEEDS = [b'{"a": [1, {"b": "c"}]}\n', b"second\n"]


@pytest.mark.parametrize("target", targets(), ids=lambda one: one.name)
def test_damaged_inputs_crash_nothing_and_hang_nowhere(target):
    found = fuzzed(target, run_s=60.0, first_seed=10_000, max_inputs=150)

    assert (found.num_inputs, found.failures) == (150, [])


@pytest.mark.parametrize("target", targets(), ids=lambda one: one.name)
def test_sound_inputs_are_read(target):
    for seed in target.seeds:
        target.run(seed, random.Random(1))


def test_an_input_is_had_again_by_its_seed():
    target = FuzzTarget("any", SEEDS, lambda content, dice: None)

    assert example(target, 7)[0] == example(target, 7)[0]
    assert len({example(target, seed)[0] for seed in range(50)}) > 25


def test_what_crashes_is_counted_with_its_seed():
    def crash(content, dice):
        raise KeyError("lost")

    found = fuzzed(FuzzTarget("any", SEEDS, crash), run_s=9.0, first_seed=1, max_inputs=3)

    assert (found.num_crashes, found.num_hangs) == (3, 0)
    assert found.failures[0] == "seed 1: KeyError: 'lost'"


def test_errors_of_the_tree_are_what_is_meant():
    def refuse(content, dice):
        raise RequestError("no")

    found = fuzzed(FuzzTarget("any", SEEDS, refuse), run_s=9.0, first_seed=1, max_inputs=3)

    assert (found.num_inputs, found.num_crashes) == (3, 0)


def test_what_never_ends_is_interrupted_and_counted():
    def hang(content, dice):
        while True:
            pass

    found = fuzzed(FuzzTarget("any", SEEDS, hang), run_s=0.01, first_seed=1)

    assert (found.num_inputs, found.num_hangs) == (1, 1)


def test_pieces_are_the_whole():
    dice = random.Random(3)

    assert all(b"".join(split(b"some bytes", dice)) == b"some bytes" for _ in range(50))


def test_a_value_changes_its_type_and_the_line_stays_json():
    dice = random.Random(3)

    made = {retyped(SEEDS[0], dice) for _ in range(50)}

    assert len(made) > 10
    assert retyped(b"no json\n", dice) == b"no json\n"
    assert isinstance(damaged(SEEDS[0], SEEDS, dice), bytes)
