import json

import pytest

from routers.base import Prompts, RouterError, Traits
from routers.datasets import Example, Outcome
from routers.fit_recall import agreed_answers, fit_recall, gold_answers
from routers.overlap import Overlap, terms
from routers.recall import Answer, Memory, RecallRouter
from routers.recall_files import ANSWERS, load_recall, write_recall
from tests.unit.routers.always import Always

CITIES = ["Oslo", "Paris", "Rome", "Lima", "Cairo", "Bern", "Dublin", "Vienna", "Prague", "Tokyo"]
LANDS = [
    "Norway",
    "France",
    "Italy",
    "Peru",
    "Egypt",
    "Swiss",
    "Eire",
    "Austria",
    "Bohemia",
    "Japan",
]
POLITE = ("{}", "please, {}", "hello, {}", "{} thanks", "Hi! {}", "{}??", "so {}", "ok, {} please")


def asked_often():
    """Ten questions, each in eight wordings that differ by what is common to all."""
    return [
        Answer(question=wording.format(f"what is the capital of {land}"), answer=city)
        for city, land in zip(CITIES, LANDS, strict=True)
        for wording in POLITE
    ]


def recall(answers=(), *, least=None, then=None):
    return RecallRouter(
        fitted="1",
        memory=Memory.of(list(answers) or [Answer(question="Capital of Norway?", answer="Oslo")]),
        least_likeness=least,
        then=then or Always("clerk"),
    )


def asked(*texts, candidates=("clerk", "poet"), **traits):
    return Prompts(
        texts=texts, candidates=frozenset(candidates), traits=[Traits(**traits) for _ in texts]
    )


def test_a_repeat_is_answered_and_who_would_have_been_asked_is_told():
    [route] = recall().route(asked("  Capital of\n Norway? "))

    assert route.answer == "Oslo"
    assert route.chosen == ("clerk",)
    assert route.reasons[0] == "the question is known: no expert is asked"


@pytest.mark.parametrize(
    "text", ["capital of norway?", "Capital of Norway", "Capital of Norway? And of Peru?", ""]
)
def test_what_is_not_the_same_goes_to_the_other_router(text):
    [route] = recall().route(asked(text))

    assert route.answer is None


def test_a_question_enough_alike_is_answered_with_the_known_one_in_the_reason():
    router = recall(asked_often(), least=0.45)

    [route] = router.route(asked("hello, what is the capital of Peru please"))

    assert route.answer == "Lima"
    assert "like the known question" in route.reasons[0]


def test_the_rare_word_that_differs_asks_for_another_answer():
    router = recall(asked_often(), least=0.45)

    [route] = router.route(asked("please, what is the capital of Chad"))

    assert route.answer is None


def test_a_fresh_answer_or_a_part_of_a_request_is_not_recalled():
    [route] = recall().route(asked("Capital of Norway?", may_recall=False))

    assert route.answer is None


def test_who_is_left_out_is_left_out_of_what_is_known():
    known = [Answer(question="q", answer="a", sources=("poet",))]

    [out] = recall(known).route(asked("q", candidates=("clerk",)))
    [kept] = recall(known).route(asked("q"))

    assert out.answer is None
    assert "known answers of ['poet'] are not allowed here" in out.reasons
    assert kept.answer == "a"


def test_no_candidate_is_the_error_of_the_other_router():
    with pytest.raises(RouterError, match="no candidate"):
        recall().route(asked("Capital of Norway?", candidates=()))


@pytest.mark.parametrize("text", ["", "?", "\x00", "日本", "\ud800", "word " * 200_000])
def test_any_text_is_compared(text):
    [route] = recall(asked_often(), least=0.5).route(asked(text))

    assert route.answer is None


def test_likeness_is_1_for_the_same_words_in_the_same_order_only():
    overlap = Overlap.of(["today is Monday, what was yesterday", "something else"])

    same = overlap.most_alike("TODAY is monday what was yesterday?")
    turned = overlap.most_alike("yesterday was monday, what is today")

    assert same == (0, pytest.approx(1.0))
    assert turned[0] == 0
    assert turned[1] < 0.8


def test_words_that_stand_twice_are_told_apart():
    assert terms("not not true") == ["not", "not#2", "true", "not not", "not true"]


def test_the_likeness_is_fitted_for_the_precision_asked_for():
    fitted = fit_recall(asked_often(), precision=0.9)

    assert fitted.least_likeness is not None
    assert fitted.metrics["right_low"] >= 0.9
    assert fitted.metrics["covered_left_out"] > 0.5


def test_where_no_likeness_is_precise_only_repeats_are_answered():
    answers = [Answer(question=f"reverse the word {c}{c}x", answer=f"x{c}{c}") for c in "abcdefg"]

    assert fit_recall(answers, precision=0.9).least_likeness is None


def test_a_question_with_two_answers_has_none():
    answers = [Answer(question="q", answer="a"), Answer(question=" q", answer="b")]

    with pytest.raises(RouterError, match="no answer is known"):
        fit_recall(answers, precision=0.9)


@pytest.mark.parametrize("precision", [0.0, 1.0, 2.0, float("nan")])
def test_a_precision_that_is_none_is_refused(precision):
    with pytest.raises(RouterError, match="over 0 and under 1"):
        fit_recall(asked_often(), precision=precision)


def test_agreed_is_what_two_and_the_share_asked_for_say():
    examples = [Example(id=name, prompt=name) for name in ("agreed", "split", "alone", "unasked")]
    said = {
        "agreed": {"a": "x", "b": "x", "c": "y"},
        "split": {"a": "x", "b": "y", "c": None},
        "alone": {"a": "x"},
    }
    outcomes = [
        Outcome(id=id_, expert=expert, score=0.0, answer=answer)
        for id_, given in said.items()
        for expert, answer in given.items()
    ]

    found = agreed_answers(examples, outcomes, least_share=0.6)

    assert found == (Answer(question="agreed", answer="x", sources=("a", "b")),)


def test_answers_of_the_data_set_have_no_source():
    examples = [Example(id="1", prompt="q", gold="a"), Example(id="2", prompt="open")]

    assert gold_answers(examples) == (Answer(question="q", answer="a"),)


def test_a_written_memory_is_read_and_an_edited_one_refused(tmp_path):
    write_recall(asked_often(), tmp_path, precision=0.9)

    router = load_recall(tmp_path, then=Always("clerk"))
    assert router.route(asked("so what is the capital of Peru"))[0].answer == "Lima"
    assert router.version.endswith("+always-clerk")

    (tmp_path / ANSWERS).write_text(json.dumps([{"question": "q", "answer": "evil"}]))
    with pytest.raises(RouterError, match=r"not the one its manifest names.*fit recall"):
        load_recall(tmp_path, then=Always("clerk"))
