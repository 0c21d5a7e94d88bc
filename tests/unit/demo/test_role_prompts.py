"""The prompts of the demo's roles are those that the roles were trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.demo.training.roles.decomposer import decomposer_prompt
from orchestrator.prompts.catalogue import loaded

PROMPTS = Path(__file__).parents[3] / "deploy/demo/prompts"


def test_the_namer_is_asked_the_message_alone():
    template = loaded(PROMPTS / "skills.jinja", "skills")

    assert template.render(message="Reverse {{ this }}.").strip() == "Reverse {{ this }}."


@pytest.mark.parametrize("attempt", ["", "Madrid", "two\nlines,  and room"])
def test_the_decomposer_is_asked_as_it_splits_best_without_the_attempt(attempt):
    template = loaded(PROMPTS / "decompose.jinja", "decompose")

    asked = template.render(message="Read niaps backwards.", attempt=attempt)

    assert asked.strip() == decomposer_prompt("Read niaps backwards.")


def test_an_attempt_is_one_short_line_below_the_message():
    asked = decomposer_prompt("Read niaps backwards.", "two\nlines,  " + "x" * 60)

    assert asked == "Read niaps backwards.\nTried: two lines, " + "x" * 29
