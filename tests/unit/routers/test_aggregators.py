import pytest

from routers.aggregators import Solution, best_aggregator, merge_tests
from routers.base import RouterError


def solved(*grades):
    return [Solution(expert=f"e{i}", text=f"t{i}", is_right=ok) for i, ok in enumerate(grades)]


@pytest.mark.parametrize("grades", [(), (True, False), (True, True, True), (False,) * 5])
def test_questions_without_one_right_and_two_wrong_make_no_test(grades):
    with pytest.raises(RouterError, match="none of 1 questions has one right and 2 wrong"):
        merge_tests({"q": solved(*grades)}, num_tests=5, seed=0)


@pytest.mark.parametrize("results", [{}, {"a": []}, {"a": [True], "b": [True, False]}])
def test_experts_that_took_different_tests_are_not_compared(results):
    with pytest.raises(RouterError, match="must take the same tests"):
        best_aggregator(results)


def test_a_test_has_one_right_and_two_wrong_solutions_in_no_fixed_place():
    solutions = {f"q{i}": solved(True, True, False, False, False) for i in range(40)}

    tests = merge_tests(solutions, num_tests=30, seed=0)

    assert len(tests) == 30
    assert {sum(it.is_right for it in test.solutions) for test in tests} == {1}
    places = {[it.is_right for it in test.solutions].index(True) for test in tests}
    assert places == {0, 1, 2}


def test_the_same_seed_makes_the_same_tests():
    solutions = {f"q{i}": solved(True, False, False) for i in range(9)}

    one, other = (merge_tests(solutions, num_tests=4, seed=3) for _ in range(2))

    assert one == other


def test_who_merges_best_is_chosen():
    chosen, shares = best_aggregator({"solver": [True, False], "merger": [True, True]})

    assert chosen == "merger"
    assert shares["solver"].value == 0.5
