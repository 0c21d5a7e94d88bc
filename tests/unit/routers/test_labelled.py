import pytest

from routers.base import RouterError
from routers.labelled import labelled_trial
from tests.unit.routers.trials import examples_of


def test_a_question_without_a_category_is_refused_with_its_row():
    with pytest.raises(RouterError, match=r"'0' \(row 1\) has no category .* 2 of 2"):
        labelled_trial(examples_of(2), experts_by_category={})


def test_whoever_serves_the_category_is_right_and_its_namesake_where_nobody_does():
    found = labelled_trial(
        examples_of(2, categories="pq"), experts_by_category={"p": ["x", "y"]}, others=["general"]
    )

    assert found.experts == ("general", "q", "x", "y")
    assert found.scores.tolist() == [[0, 0, 1, 1], [0, 1, 0, 0]]
