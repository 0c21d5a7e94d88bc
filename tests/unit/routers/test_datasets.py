"""Questions beside what experts made of them."""

import numpy as np

from routers.datasets import Example, Outcome, answered


def test_scores_become_a_table_with_gaps_where_nobody_was_asked():
    examples = [Example(id=name, prompt=name) for name in ("q2", "q1")]
    outcomes = [
        Outcome(id="q1", expert="b", score=1.0),
        Outcome(id="q2", expert="a", score=0.5),
        Outcome(id="elsewhere", expert="c", score=1.0),
    ]

    table = answered(examples, outcomes)

    assert table.experts == ("a", "b")
    np.testing.assert_equal(table.scores, [[0.5, np.nan], [np.nan, 1.0]])
    assert [one.id for one in table.rows([1]).examples] == ["q1"]
    np.testing.assert_equal(table.rows([1]).scores, [[np.nan, 1.0]])
