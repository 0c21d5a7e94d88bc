import numpy as np

from routers.clusters import Clusters, cluster_names, cluster_rows
from routers.embeddings import unit_rows
from tests.unit.routers.small import embedding

TEXTS = ["capital of", "capital", "sum plus", "plus", "french of", "french"]


def rows():
    return embedding().embed(TEXTS)


def test_questions_of_one_kind_are_one_cluster():
    _, labels = cluster_rows(rows(), num=3, seed=1)

    assert len({*labels.tolist()}) == 3
    assert labels[::2].tolist() == labels[1::2].tolist()


def test_the_same_seed_gives_the_same_clusters():
    dice = np.random.default_rng(0)
    many = unit_rows(dice.normal(size=(200, 8)).astype(np.float32))

    one, other = cluster_rows(many, num=10, seed=3), cluster_rows(many, num=10, seed=3)

    assert one[0].tolist() == other[0].tolist()
    assert one[1].tolist() == other[1].tolist()


def test_repeated_questions_give_fewer_clusters_than_asked_for():
    centres, labels = cluster_rows(np.tile(rows()[:1], (5, 1)), num=3, seed=0)

    assert (len(centres), labels.tolist()) == (1, [0] * 5)


def test_a_cluster_is_named_by_what_its_questions_have_in_common():
    labels = np.array([0, 0, 1, 1, 2, 2])

    assert cluster_names(TEXTS, labels, num_words=1) == [
        "cluster-000 capital",
        "cluster-001 plus",
        "cluster-002 french",
    ]


def test_a_question_without_a_known_word_is_of_no_cluster():
    centres, labels = cluster_rows(rows(), num=3, seed=1)
    found = Clusters(names=("a", "b", "c"), centres=centres, embedder=embedding())

    assert found.of("\ud800 zzz") == ()
    assert found.of("capital " * 100_000) == (("a", "b", "c")[labels[0]],)
