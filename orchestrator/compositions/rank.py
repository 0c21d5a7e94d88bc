"""`kind: rank`: judges compare answers with each other, and the best is told.

Every two are shown in both orders, since judges favour a place: Zheng 2023, arXiv:2306.05685. The
answers are put in order by `routers/comparisons.py`. Listwise, after RankGPT, Sun 2023,
arXiv:2304.09542, a judge orders all of them twice, as they come and the other way round, and each
order says of every two in it which is better.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.compositions.asking import asked
from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Query
from orchestrator.compositions.candidates import Candidate
from orchestrator.compositions.fitting_in import fitted
from orchestrator.compositions.judging import JudgedProgram, Question
from orchestrator.compositions.verdicts import Outcome, Verdict, compared, ordered
from orchestrator.engines.base import Chat
from orchestrator.registry.composition_judged import How, RankComposition
from routers.comparisons import Comparison, is_settled, orders, ranked_by_pairs, told_twice

#: A number and what parts it from the next, where every letter is a token.
_NUMBER_TOKENS = 6


class Rank(JudgedProgram[RankComposition]):
    """Has every judge compare the answers with each other."""

    def questions(self, query: Query, candidates: Sequence[Candidate]) -> list[Question]:
        """Pairs in both orders, or all candidates in both directions; for every judge."""
        texts, every = [one.choice.text for one in candidates], tuple(range(len(candidates)))
        if self.spec.how == "listwise":
            return [
                self._of_all(query, at, shown, texts)
                for at in range(len(self.spec.judges))
                for shown in (every, every[::-1])
            ]
        return [
            self._of_two(query, at, shown, texts)
            for at in range(len(self.spec.judges))
            for shown in orders(len(candidates), rounds=self.spec.rounds)
        ]

    def outcome(self, verdicts: Sequence[Verdict], *, num_candidates: int) -> Outcome:
        """The best by the pairs it wins, and whether pairs to come can change it."""
        return outcome(verdicts, how=self.spec.how, num_candidates=num_candidates)

    def _of_two(
        self, query: Query, at: int, shown: tuple[int, int], texts: Sequence[str]
    ) -> Question:
        first, second = (texts[place] for place in shown)
        prompt = asked(_chat(query), self.prompts["compare"], first=first, second=second)
        judge = self.spec.judges[at]
        sampling = self.verdict_sampling(query, judge)
        ask = Ask(expert=judge, sampling=sampling, prompt=prompt, is_free=True)
        return Question(judge=at, shown=shown, ask=ask)

    def _of_all(
        self, query: Query, at: int, shown: tuple[int, ...], texts: Sequence[str]
    ) -> Question:
        """An order of as many as the judge has room for; those that are dropped are in no pair."""

        def put(candidates: Sequence[str]) -> Chat:
            return asked(_chat(query), self.prompts["rank"], candidates=candidates)

        judge = self.spec.judges[at]
        sampling = self.verdict_sampling(query, judge, num_tokens=_NUMBER_TOKENS * len(shown))
        room = self.generation.room(judge, sampling)
        found = fitted([texts[place] for place in shown], put, room=room)
        ask = Ask(
            expert=judge,
            sampling=sampling,
            prompt=found.prompt,
            is_free=True,
            num_dropped=len(shown) - len(found.kept),
        )
        return Question(judge=at, shown=tuple(shown[place] for place in found.kept), ask=ask)


def _chat(query: Query) -> Chat:
    assert isinstance(query.prompt, Chat), "others are refused before anybody is asked"
    return query.prompt


def outcome(verdicts: Sequence[Verdict], *, how: How, num_candidates: int) -> Outcome:
    """What comparisons of all judges say together.

    A pair that a judge told in one order alone, or not at all, is drawn.

    Args:
        verdicts: of two candidates each, or of all at once.
        how: which of the two.
        num_candidates: one at least.
    """
    told = [_told(one, how) for one in verdicts]
    by_judge: dict[int, list[Comparison]] = {}
    for one, comparisons in zip(verdicts, told, strict=True):
        by_judge.setdefault(one.judge, []).extend(comparisons)
    counted = [one for own in by_judge.values() for one in told_twice(own)]
    open_pairs = {
        (one.judge, *sorted((first, second)))
        for one in verdicts
        if one.is_open
        for at, first in enumerate(one.shown)
        for second in one.shown[at + 1 :]
    }
    left = [(low, high) for _, low, high in open_pairs]
    best = None
    if not left or is_settled(counted, left, num_answers=num_candidates):
        best = ranked_by_pairs(counted, num_answers=num_candidates)[0]
    readable = frozenset(at for at, comparisons in enumerate(told) if comparisons)
    return Outcome(best=best, readable=readable)


def _told(verdict: Verdict, how: How) -> tuple[Comparison, ...]:
    if verdict.choice is None:
        return ()
    if how == "listwise":
        return ordered(verdict.choice, verdict.shown)
    first, second = verdict.shown
    return compared(verdict.choice, (first, second))
