"""How much words weigh in a static table."""

from pathlib import Path

import pytest

from routers.static_files import table_of

TOPIC = Path(__file__).parents[3] / "deploy" / "demo" / "routers" / "topic"


@pytest.fixture(scope="module")
def embedding():
    return table_of(TOPIC, names={"static"}).embedding()


def test_rare_words_weigh_more_than_common_ones(embedding):
    common = max(embedding.weight(word) for word in ("the", "what", "is", "a"))
    rare = min(embedding.weight(word) for word in ("peru", "banana", "capital"))

    assert common < 0.33 < rare


def test_a_word_weighs_as_much_as_its_heaviest_part(embedding):
    assert embedding.weight("") == 0
    assert embedding.weight("zyzzyvaquux") > 0.33
