"""What the shipped roles reply, with their own weights; their cards have how often it is right."""

from __future__ import annotations

from random import Random

import pytest

from deploy.demo.training.roles.decomposer import decomposer_prompt
from deploy.demo.training.roles.one_step import any_one_step
from deploy.demo.training.roles.splits import num_lines
from deploy.demo.training.roles.tables import step_of
from deploy.demo.training.roles.two_step import two_step
from routers.skill_names import names_in

pytestmark = pytest.mark.integration

NUM_ASKED = 40


def replies(role: str, prompts: list[str]) -> list[str]:
    """Greedy, float16 weights in float32."""
    import torch

    from deploy.demo.training.evaluate import answers
    from deploy.demo.training.export import load_shipped
    from deploy.demo.training.roles.base import EXPERTS

    torch.set_num_threads(1)
    return answers(load_shipped(EXPERTS / role), prompts, max_tokens=100)


def test_the_namer_names_both_skills_of_most_questions():
    rng = Random(21)
    asked = [two_step(rng, "dev") for _ in range(NUM_ASKED)]

    said = replies("namer", [one.text for one in asked])

    right = [set(names_in(text)) == set(one.skills) for text, one in zip(said, asked, strict=True)]
    assert sum(right) > 0.6 * NUM_ASKED


def test_the_decomposer_writes_two_questions_and_more_that_experts_know():
    rng = Random(22)
    asked = [two_step(rng, "dev").text for _ in range(NUM_ASKED)]

    said = replies("decomposer", [decomposer_prompt(one, "Madrid") for one in asked])

    split = [text for text in said if num_lines(text) > 1]
    known = [text for text in split if all(step_of(line) for line in text.splitlines())]
    assert len(known) > 0.6 * NUM_ASKED


def test_the_decomposer_leaves_most_questions_of_one_skill_in_one_line():
    rng = Random(23)
    asked = [any_one_step(rng)[1] for _ in range(NUM_ASKED)]

    said = replies("decomposer", [decomposer_prompt(one) for one in asked])

    assert sum(num_lines(text) == 1 for text in said) > 0.6 * NUM_ASKED
