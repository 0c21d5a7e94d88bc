"""The shipped outcomes of the demo's experts, beside what the experts were scored at."""

import json
from pathlib import Path

import numpy as np
import pytest

from routers.dataset_files import read_answered, read_examples

DEMO = Path(__file__).parents[3] / "deploy" / "demo"
#: Three of 190 questions: vLLM adds up in another order, and case does not count.
TOLERANCE = 1.6


def outcomes_of(name):
    return read_answered([DEMO / f"questions/{name}.jsonl"], [DEMO / f"outcomes/{name}.parquet"])


def test_every_expert_was_asked_every_question():
    heldout, train = outcomes_of("heldout"), outcomes_of("train")

    assert heldout.scores.shape == (2400, 13)
    assert train.scores.shape == (1800, 13)
    assert not np.isnan(heldout.scores).any()
    assert not np.isnan(train.scores).any()


def test_outcomes_agree_with_the_scores_of_the_experts():
    table = outcomes_of("heldout")
    scores = json.loads((DEMO / "experts/scores.json").read_text())["percent"]
    skills = np.array([one.category for one in table.examples])
    is_one_skill = np.array([one.kind != "two_skill" for one in table.examples])

    for expert, own in zip(table.experts, table.scores.T, strict=True):
        for skill, percent in scores[expert]["plain_decoy"].items():
            found = 100 * own[(skills == skill) & is_one_skill].mean()
            assert found == pytest.approx(percent, abs=TOLERANCE), (expert, skill)


def test_no_wording_is_both_fitted_and_tried_on():
    tried = {one.group for one in read_examples([DEMO / "questions/heldout.jsonl"])}
    fitted = {one.group for one in read_examples([DEMO / "questions/train.jsonl"])}

    assert tried.isdisjoint(fitted)
