"""What the roles learn from: questions that split, and nothing that is held out."""

from __future__ import annotations

import json
import re
from random import Random

import pytest

from deploy.demo.training.facts import QUESTIONS
from deploy.demo.training.frames import sections
from deploy.demo.training.instances import SKILLS
from deploy.demo.training.roles.decomposer import decomposer_pair
from deploy.demo.training.roles.namer import NONE, namer_pair
from deploy.demo.training.roles.steps import ASKS, FED_GAP, FIRST_STEPS, skill_of
from deploy.demo.training.roles.tables import step_of, table_answer
from deploy.demo.training.roles.two_step import is_heldout, two_step

HELDOUT = [line for lines in sections("heldout/two_skill.txt").values() for line in lines]
REFERENCE = re.compile(r"#(\d)")


def plain(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())


def asked(name: str) -> set[str]:
    lines = (QUESTIONS / name).read_text(encoding="utf-8").splitlines()
    return {plain(json.loads(line)["question"]) for line in lines}


@pytest.mark.parametrize("frame", HELDOUT)
@pytest.mark.parametrize("change", [str.upper, "Please: {}".format, "{} Thanks!".format])
def test_a_heldout_frame_is_found_in_other_case_and_within_more_words(frame, change):
    renamed = re.sub(r"\{\w+\}", "{a}", change(frame)).replace("{A}", "{a}")

    assert is_heldout(renamed)


def test_no_composed_question_is_one_that_is_measured():
    rng, measured = Random(7), asked("heldout.jsonl") | asked("wordings.jsonl")

    composed = {plain(two_step(rng).text) for _ in range(4000)}

    assert not composed & measured


def test_pairs_of_skills_that_are_measured_are_all_composed():
    rng = Random(3)
    wanted = {tuple(pair.split(">")) for pair in sections("heldout/two_skill.txt")}

    assert wanted <= {two_step(rng).skills for _ in range(3000)}


def test_every_line_is_in_a_wording_that_experts_know():
    rng = Random(4)

    lines = [line for _ in range(500) for line in two_step(rng).lines]

    assert all(step_of(line) is not None for line in lines)


def test_lines_refer_to_earlier_lines_only_and_the_last_to_all_others():
    rng = Random(5)
    for _ in range(500):
        *firsts, last = two_step(rng).lines

        assert not any(REFERENCE.search(line) for line in firsts)
        assert REFERENCE.findall(last) == [str(i + 1) for i in range(len(firsts))]


def test_skills_are_named_in_the_order_of_the_lines():
    rng = Random(6)
    for _ in range(500):
        split = two_step(rng)
        steps = [step_of(line) for line in split.lines]

        assert split.skills == tuple(dict.fromkeys(skill_of(step[0]) for step in steps if step))


def test_patterns_of_the_two_parts_are_apart():
    rng = Random(8)
    trained = {two_step(rng).text for _ in range(2000)}

    assert not trained & {two_step(rng, "dev").text for _ in range(300)}


def test_every_step_that_can_come_last_has_a_gap_for_the_answer_before():
    assert set(FED_GAP) == set(FIRST_STEPS)
    assert all("{" + FED_GAP[step] + "}" in ASKS[step] for step in FIRST_STEPS)


def test_a_question_without_two_skills_is_its_own_only_line():
    rng = Random(9)
    pairs = [decomposer_pair(rng) for _ in range(400)]

    single = [pair for pair in pairs if "\n" not in pair.answer]

    assert 0.2 < len(single) / len(pairs) < 0.4
    assert all(pair.prompt.split("\nTried: ")[0] == pair.answer for pair in single)


def test_the_namer_says_skills_of_the_twelve_or_none():
    rng = Random(10)

    said = {name for _ in range(600) for name in namer_pair(rng).answer.split(", ")}

    assert said == {*SKILLS, NONE}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the capital of spain?", "Madrid"),
        ("What is niaps spelled backwards?", "spain"),
        ("What number is XXVII?", "27"),
        ("What number is IIII?", None),
        ("Which element has atomic number 27?", "cobalt"),
        ("How many inches are in 7 feet?", "84"),
        ("What is 14 + eleven?", "25"),
        ("Which day is 9 days after Thursday?", "Saturday"),
        ("Which month is number 13?", None),
        ("True or false: 52 equals 52.", "true"),
        ("True or false: 27 equals 29.", "false"),
        ("What is the capital of Atlantis?", None),
        ("Who wrote this?", None),
    ],
)
def test_sub_questions_are_answered_from_the_tables(question, answer):
    assert table_answer(question) == answer
