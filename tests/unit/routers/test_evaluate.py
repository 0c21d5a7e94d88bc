import pytest

from routers.evaluate import Share, evaluate
from routers.keywords import learn_keywords
from routers.questions import Question
from tests.unit.routers.small import router


def question(text, skill, kind="plain"):
    return Question(text=text, skill=skill, frame=text, kind=kind)


ASKED = [
    question("capital of Peru", "capitals"),
    question("capital french", "french", kind="decoy"),
    question("sum of it", "sums"),
    question("quux", "sums"),
]


def test_a_report_counts_by_kind_and_names_confusions():
    report = evaluate(
        router(), ASKED, expert_by_skill={}, fallback="general", unknown=[question("hm", "unknown")]
    )

    assert report.by_kind["plain"] == Share(right=2, asked=3)
    assert report.unknown == Share(right=1, asked=1)
    assert ("sums", "general", "quux") in [
        (it.skill, it.chosen, it.example) for it in report.confusions
    ]
    assert report.calibration is not None


def test_a_share_has_wilsons_interval():
    # Wilson for 9 of 10: 0.596 to 0.982
    assert Share(right=9, asked=10).interval == pytest.approx((0.596, 0.982), abs=1e-3)


def test_keywords_are_learned_and_fooled_by_a_decoy():
    learned = learn_keywords(
        [question("capital of Peru", "capitals"), question("sum of two", "sums")],
        fallback="general",
    )

    report = evaluate(
        learned,
        [question("the capital", "capitals"), question("sum of capital peru", "sums", "decoy")],
        expert_by_skill={},
        fallback="general",
    )

    assert report.by_kind == {"decoy": Share(right=0, asked=1), "plain": Share(right=1, asked=1)}
    assert report.calibration is None
