"""The committed router: right on questions it never saw, and fast."""

import json
import time
from pathlib import Path
from statistics import median

import pytest

from routers.artifacts import load_router
from routers.base import Prompts
from routers.dataset_files import read_examples
from routers.evaluate import evaluate
from routers.labelled import labelled_trial
from routers.questions import load_unknown

pytestmark = pytest.mark.integration

DEMO = Path("deploy/demo")
GENERAL = "generalist"


@pytest.fixture(scope="module")
def router():
    return load_router(DEMO / "routers/topic", fallback=GENERAL)


@pytest.fixture(scope="module")
def report(router):
    trial = labelled_trial(
        read_examples([DEMO / "questions/heldout.jsonl"]), experts_by_category={}, others=[GENERAL]
    )
    unknown = load_unknown([DEMO / "questions/unknown.jsonl"], split="heldout")
    found = evaluate({"topic": router}, trial, unknown=[question.text for question in unknown])
    return found.reports[0]


@pytest.mark.parametrize(("kind", "least"), [("plain", 0.96), ("decoy", 0.88), ("two_skill", 0.75)])
def test_held_out_questions_reach_their_expert(report, kind, least):
    reached = {one.name: one.accuracy.mean for one in report.by_kind}
    assert reached[kind] >= least


def test_unknown_topics_are_recognised(report):
    assert report.unknown is not None
    assert report.unknown.value >= 0.9


def test_a_megabyte_takes_no_longer_than_a_page(router):
    candidates = frozenset(router.quality.experts)
    page, megabyte = ("Tell us about it. " * n for n in (100, 60_000))

    def seconds(text):
        started = time.thread_time()
        router.route(Prompts(texts=[text], candidates=candidates))
        return time.thread_time() - started

    assert median(seconds(megabyte) for _ in range(20)) < 5 * median(
        seconds(page) for _ in range(20)
    )


def test_the_artifact_is_small_and_says_what_it_holds():
    folder = DEMO / "routers/topic"
    names = {path.name for path in folder.iterdir()}

    manifest = json.loads((folder / "manifest.json").read_text())

    assert names == {"manifest.json", *manifest["files"]}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 8 * 2**20
