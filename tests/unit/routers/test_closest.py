import numpy as np

from routers.closest import nearest

EYE = np.eye(4, dtype=np.float32)


def test_it_finds_the_nearest_with_their_cosines():
    query = np.array([[0.8, 0.6, 0, 0]], dtype=np.float32)

    found = nearest(query, EYE, k=2)

    pairs = dict(zip(found.numbers[0].tolist(), found.cosines[0].tolist(), strict=True))
    assert pairs.keys() == {0, 1}
    assert np.isclose(pairs[0], 0.8)


def test_fewer_references_than_asked_for_are_all_of_them():
    assert sorted(nearest(EYE[:1], EYE, k=9).numbers[0].tolist()) == [0, 1, 2, 3]


def test_a_question_passes_over_its_own_group():
    vectors = EYE[[0, 0, 1]]

    found = nearest(vectors, vectors, k=1, groups=[0, 0, 1])

    assert found.numbers[:2, 0].tolist() == [2, 2]


def test_more_queries_than_one_chunk_are_each_answered():
    queries = np.tile(EYE, (300, 1))

    found = nearest(queries, EYE, k=1)

    assert found.numbers[:, 0].tolist() == [0, 1, 2, 3] * 300
