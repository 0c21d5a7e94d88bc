"""Questions beside what experts made of them."""

import numpy as np

from routers.datasets import Example, Outcome, answered, data_sha256


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


def test_several_answers_of_an_expert_count_by_their_mean():
    outcomes = [
        Outcome(id="q", expert="a", score=score, sample=sample)
        for sample, score in enumerate([1.0, 0.0, 0.0, 1.0])
    ]

    table = answered([Example(id="q", prompt="q")], outcomes)

    np.testing.assert_equal(table.scores, [[0.5]])


def test_the_hash_of_a_table_changes_with_words_and_scores():
    def hashed(prompt, score):
        outcomes = [Outcome(id="q", expert="a", score=score)]
        return data_sha256(answered([Example(id="q", prompt=prompt)], outcomes))

    assert len({hashed("one", 1.0), hashed("two", 1.0), hashed("one", 0.5)}) == 3
    assert hashed("one", 1.0) == hashed("one", 1.0)
