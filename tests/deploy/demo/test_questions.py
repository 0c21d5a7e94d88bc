"""The held-out questions stay held out."""

from __future__ import annotations

from random import Random

from deploy.demo.training.compose import DRILLS, compose, heldout_frames, normalised
from deploy.demo.training.evaluate import load_heldout
from deploy.demo.training.heldout import heldout_questions
from deploy.demo.training.instances import SKILLS, puzzle_word


def test_the_committed_heldout_questions_are_what_the_code_writes() -> None:
    assert list(heldout_questions()) == load_heldout()


def test_no_composed_training_frame_is_a_heldout_frame() -> None:
    rng = Random(5)

    frames = {normalised(compose(skill, rng).frame) for skill in SKILLS for _ in range(300)}

    assert not frames & heldout_frames()


def test_no_drill_is_a_heldout_frame() -> None:
    drills = {
        normalised(text) for forms in DRILLS.values() for texts in forms.values() for text in texts
    }

    assert not drills & heldout_frames()


def test_words_to_reverse_or_sort_are_in_one_split_only() -> None:
    rng = Random(5)
    heldout = {puzzle_word(rng, "heldout", max_letters=10) for _ in range(600)}

    trained = {puzzle_word(rng, "train", max_letters=10) for _ in range(2000)}

    assert not heldout & trained
