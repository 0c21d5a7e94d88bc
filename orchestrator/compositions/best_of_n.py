"""`kind: best_of_n`: judges look at each of several answers, and the best is told.

Source: the mixture of judges of CGPO, Xu 2024, arXiv:2409.20370 (`routers/judges.py`); specialists
that propose and one who sees the conversation and picks, Chow 2022, arXiv:2206.00059. Ours: a score
is the probability of `yes`, so that it tells apart what one judge calls right alike.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.compositions.asking import asked
from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Query
from orchestrator.compositions.candidates import Candidate
from orchestrator.compositions.judging import JudgedProgram, Question
from orchestrator.compositions.verdicts import Outcome, Verdict, is_passed, score_of
from orchestrator.engines.base import Chat
from orchestrator.registry.composition_judged import (
    BestOfNComposition,
    ConstraintJudge,
    JudgeSpec,
)
from routers.judges import Marks, ranked


class BestOfN(JudgedProgram[BestOfNComposition]):
    """Has every judge look at every answer by itself."""

    def questions(self, query: Query, candidates: Sequence[Candidate]) -> list[Question]:
        """Every candidate, for every judge; constraints before scores, should calls run out."""
        judges = self.spec.judges
        order = sorted(range(len(judges)), key=lambda at: judges[at].kind != "constraint")
        return [
            Question(judge=at, shown=(place,), ask=self._ask(query, judges[at], one))
            for at in order
            for place, one in enumerate(candidates)
        ]

    def outcome(self, verdicts: Sequence[Verdict], *, num_candidates: int) -> Outcome:
        """The best by `routers/judges.py`; settled once one alone fails fewest constraints."""
        return outcome(self.spec.judges, verdicts, num_candidates=num_candidates)

    def _ask(self, query: Query, judge: JudgeSpec, candidate: Candidate) -> Ask:
        assert isinstance(query.prompt, Chat), "others are refused before anybody is asked"
        text, prompts = candidate.choice.text, self.prompts
        if isinstance(judge, ConstraintJudge):
            criterion = judge.criterion
            prompt = asked(query.prompt, prompts["constraint"], candidate=text, criterion=criterion)
        else:
            prompt = asked(query.prompt, prompts["judge"], candidate=text)
        sampling = self.verdict_sampling(query, judge.expert)
        return Ask(expert=judge.expert, sampling=sampling, prompt=prompt, is_free=True)


def outcome(
    judges: Sequence[JudgeSpec], verdicts: Sequence[Verdict], *, num_candidates: int
) -> Outcome:
    """What judges say of candidates, each of which is shown by itself.

    Of an answer that a judge cannot read, or to which it replies nothing that can be read, though
    it judges others, it holds the worst: nobody wins by confusing a judge. A call that fails holds
    against nobody.

    Args:
        judges: those of the entry, in order.
        verdicts: in any order.
        num_candidates: one at least.
    """
    read = [_read(judges[one.judge], one) for one in verdicts]
    telling = {one.judge for one, said in zip(verdicts, read, strict=True) if said is not None}
    known = {
        (one.judge, one.shown[0]): 0.0 if said is None else said
        for one, said in zip(verdicts, read, strict=True)
        if one.judge in telling and (one.choice is not None or one.is_too_long)
    }
    constraints = [at for at, judge in enumerate(judges) if judge.kind == "constraint"]
    scores = [at for at, judge in enumerate(judges) if judge.kind == "score"]
    marks = [
        Marks(
            passes=tuple(_passes(known.get((at, place))) for at in constraints),
            scores=tuple(known.get((at, place)) for at in scores),
        )
        for place in range(num_candidates)
    ]
    best, *others = ranked(marks)
    open_judges = {one.judge for one in verdicts if one.is_open}
    is_alone = all(marks[place].num_failed > marks[best].num_failed for place in others)
    is_settled = not open_judges or (is_alone and open_judges.isdisjoint(constraints))
    return Outcome(
        best=best if is_settled else None,
        readable=frozenset(at for at, said in enumerate(read) if said is not None),
    )


def _read(judge: JudgeSpec, verdict: Verdict) -> float | None:
    """What a judge says in figures; 1 where an answer passes."""
    if verdict.choice is None:
        return None
    if judge.kind == "score":
        return score_of(verdict.choice)
    passed = is_passed(verdict.choice)
    return None if passed is None else float(passed)


def _passes(told: float | None) -> bool | None:
    return None if told is None else told > 0
