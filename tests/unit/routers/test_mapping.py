import json

import pytest

from routers.base import RouterError
from routers.mapping import load_quality, namesake_quality


def test_a_namesake_serves_its_category():
    assert namesake_quality(["a", "b"]).expert_by_category() == {"a": "a", "b": "b"}


def test_a_lucky_answer_does_not_beat_a_strong_expert(tmp_path):
    path = tmp_path / "scores.json"
    scores = {
        "lucky": {"a": {"right": 1, "asked": 1}, "b": {"right": 20, "asked": 99}},
        "strong": {"a": {"right": 90, "asked": 100}, "b": {"right": 90, "asked": 100}},
    }
    path.write_text(json.dumps(scores))

    assert load_quality(path, ["a", "b"]).expert_by_category() == {"a": "strong", "b": "strong"}


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"e": {"a": {"right": 2, "asked": 1}}}', '{"e": {"a": {"right": 1, "asked": 1}}}'],
    ids=["empty", "no map", "more right than asked", "a category without a score"],
)
def test_bad_scores_are_refused(tmp_path, text):
    path = tmp_path / "scores.json"
    path.write_text(text)

    with pytest.raises(RouterError, match=r"scores\.json"):
        load_quality(path, ["a", "b"])
