"""What the bench of edits draws, and what it finds in replies."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.editions import Editions, says
from bench.replies import Reply, apart_s, failures, mixed
from orchestrator.registry.document import parse
from orchestrator.registry.loader import check_document
from orchestrator.registry.surroundings import Surroundings

GOOD = Reply(
    expert="e0", started_s=1, headed_s=2, ended_s=3, status=200, generation=7, text=says("e0", 4)
)
EDITIONS = {6: {"e0": 3}, 7: {"e0": 4}}


def is_sound(text):
    return not check_document(parse(text, file="f"), Surroundings(folder=Path("nowhere"))).faults


def test_every_edit_is_sound_but_those_that_are_meant_not_to_be():
    editions = Editions(num_lasting=3, token_delay_ms=1)
    kinds = set()

    for _ in range(100):
        edit = editions.draw()
        kinds.add(edit.kind)
        assert is_sound(edit.text) == (edit.kind != "invalid")
        if edit.kind != "invalid":
            assert edit.text != editions.text()
            editions.take(edit)
    assert kinds == {"change", "add", "remove", "invalid"}
    assert set(editions.lasting) <= set(editions.editions)


def test_a_reply_as_its_generation_says_is_not_mixed():
    assert mixed([GOOD, replace(GOOD, generation=6, text=says("e0", 3))], EDITIONS) == []


@pytest.mark.parametrize(
    "odd",
    [
        replace(GOOD, text=says("e0", 3)),
        replace(GOOD, text=GOOD.text.replace("e0.4", "e0.3", 1)),
        replace(GOOD, text=GOOD.text.rpartition(" ")[0]),
        replace(GOOD, generation=8),
        replace(GOOD, generation=None),
    ],
    ids=["other edition", "two editions", "a word lost", "unknown generation", "no generation"],
)
def test_a_reply_that_differs_from_its_generation_is_mixed(odd):
    assert len(mixed([odd], EDITIONS)) == 1


def test_a_reply_that_failed_is_a_failure_and_nothing_else():
    broken = replace(GOOD, status=0, text="the stream did not end")

    assert (len(failures([GOOD, broken])), mixed([broken], EDITIONS)) == (1, [])


def test_gateways_differ_from_the_first_new_answer_to_the_last_request_of_the_old():
    replies = [
        replace(GOOD, generation=6, started_s=1.0, headed_s=1.1),
        replace(GOOD, generation=7, started_s=2.0, headed_s=2.1),
        replace(GOOD, generation=6, started_s=2.4, headed_s=2.5),
    ]

    assert apart_s(replies, [7]) == [pytest.approx(0.3)]  # 2.4 - 2.1
    assert apart_s(replies[:2], [7]) == [0.0]
