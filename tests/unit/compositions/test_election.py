"""When a vote is decided, by spelling and by meaning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.compositions.election import Election
from orchestrator.compositions.reading_answers import by_kind
from orchestrator.compositions.stages import CallDone
from orchestrator.compositions.voting import Sample, winner
from orchestrator.engines.answer import Choice
from orchestrator.errors import EngineProtocolError, OverloadedError

WEIGHTS = {"a": 3.0, "b": 2.0, "c": 1.0}


def said(expert: str, text: str) -> CallDone:
    choice = Choice(index=0, text=text, finish_reason="stop")
    return CallDone(expert=expert, took_s=0.0, choices=(choice,), num_answers=1, is_whole=True)


def awaited(expert: str) -> CallDone:
    return CallDone(expert=expert, took_s=0.0, num_open=1)


def sample(expert: str, answer: str | None) -> Sample:
    return Sample(expert=expert, choice=said(expert, "x").choices[0], answer=answer)


def election(*, may_join: bool = False, least: int = 1) -> Election:
    reading = by_kind("option")
    if may_join:
        reading = type(reading)(read=reading.read, may_join=True)
    return Election(
        composition_id="auto", reading=reading, weight_by_expert=WEIGHTS, min_answers=least
    )


def test_too_few_answers_are_told_with_what_failed():
    failed = CallDone(expert="b", took_s=0.0, error=OverloadedError("the queue is full"))

    with pytest.raises(OverloadedError):
        election(least=2).elected([said("a", "A"), failed])
    with pytest.raises(EngineProtocolError, match="'auto' got 1 answers"):
        election(least=2).elected([said("a", "A"), said("b", " ")])


def test_who_leads_by_more_than_is_left_has_won():
    assert election().is_enough([said("a", "A"), awaited("b")])
    assert not election().is_enough([said("b", "A"), awaited("a")])


def test_a_vote_is_open_while_too_few_have_answered():
    assert not election(least=2).is_enough([said("a", "A"), awaited("c")])


def test_answers_that_may_still_be_joined_count_as_one_against_the_leader():
    # 3 against 2 and 1: by spelling it is decided, but B and C may turn out to mean the same.
    calls = [said("a", "A"), said("b", "B"), said("c", "C")]
    votes = election().reading.read(calls)

    assert election().is_decided(votes, left=0.5)
    assert not election(may_join=True).is_decided(votes, left=0.5)
    assert election(may_join=True).is_decided(votes[:2], left=0.5)


answers = st.sampled_from(["A", "B", "C", None])


@given(st.lists(st.tuples(st.sampled_from("abc"), answers), max_size=6), st.data())
def test_what_is_decided_stays_whatever_is_still_said(cast, data):
    samples = [sample(*one) for one in cast]
    late = data.draw(st.lists(st.tuples(st.sampled_from("abc"), answers), max_size=3))
    left = sum(WEIGHTS[expert] for expert, _ in late)

    if election().is_decided(samples, left=left):
        whole = [*(sample(*one) for one in late), *samples]
        assert winner(whole, WEIGHTS).answer == winner(samples, WEIGHTS).answer
