"""Weights by a router's posterior."""

import numpy as np
import pytest

from orchestrator.errors import MergeError
from orchestrator.merging.posterior import by_router, read_prompts
from routers.mapping import Quality

#: Prompt -> posterior over the categories of `QUALITY`.
POSTERIORS = {"bonjour": [0.7, 0.2, 0.1, 0.0], "hola": [0.1, 0.8, 0.1, 0.0], "1": [0, 0, 0, 1.0]}
QUALITY = Quality(
    categories=("words", "verbs", "spanish", "sums"),
    experts=("french", "spanish", "sums"),
    # Two categories are best served by French.
    table=np.array([[1, 0, 0], [0.9, 0.1, 0], [0, 1, 0], [0, 0, 1]], np.float32),
)


class Scripted:
    quality = QUALITY

    def probabilities(self, texts):
        return np.array([POSTERIORS[text] for text in texts], np.float32)


def weigh(*prompts, experts=("french", "spanish")):
    return by_router(Scripted(), prompts, experts, origin="router r on x")


def test_an_expert_weighs_what_its_categories_do():
    weights = weigh("bonjour")

    assert weights.values == pytest.approx((0.9, 0.1))
    assert weights.origin == "router r on x; 100.0% of it is on these experts"


def test_prompts_are_averaged_and_shares_are_of_the_experts_asked():
    # french (0.9 + 0.9 + 0) / 3 = 0.6, sums 1 / 3
    weights = weigh("bonjour", "hola", "1", experts=("sums", "french"))

    assert weights.values == pytest.approx((1 / 3 / (1 / 3 + 0.6), 0.6 / (1 / 3 + 0.6)), rel=1e-5)


def test_prompts_of_others_are_refused_and_say_whose_they_are():
    with pytest.raises(MergeError, match=r"puts 0.0% on french, spanish .* on sums 100.0%"):
        weigh("1")


def test_an_expert_without_a_category_weighs_nothing():
    assert weigh("bonjour", experts=("french", "stranger")).values == (1.0, 0.0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.txt", "how are you\n\nfine\n"),
        ("p.jsonl", '{"question": "how are you", "skill": "x"}\n\n{"prompt": "fine"}\n'),
    ],
)
def test_prompts_are_read_one_a_line(tmp_path, name, text):
    (tmp_path / name).write_text(text)

    assert read_prompts(tmp_path / name) == ("how are you", "fine")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "holds no prompt"),
        ("{\n", ":1: is not JSON"),
        ('{"question": "x"}\n{"text": "x"}\n', ":2: has no text"),
        ('{"question": 3}\n', ":1: has no text"),
        ("[]\n", ":1: has no text"),
    ],
)
def test_a_file_that_is_none_of_prompts_is_refused_with_its_line(tmp_path, text, fault):
    (tmp_path / "p.jsonl").write_text(text)

    with pytest.raises(MergeError, match=fault):
        read_prompts(tmp_path / "p.jsonl")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MergeError, match=r"p\.txt cannot be read"):
        read_prompts(tmp_path / "p.txt")
