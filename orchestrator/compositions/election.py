"""One vote: how its answers are read and weighed, when it is decided, and who won."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.compositions.closing import no_answer
from orchestrator.compositions.reading_answers import Reading
from orchestrator.compositions.stages import CallDone
from orchestrator.compositions.voting import Sample, is_decided, standing, winner


@dataclass(frozen=True, slots=True, kw_only=True)
class Election:
    """The vote of one request."""

    composition_id: str
    reading: Reading
    weight_by_expert: Mapping[str, float]
    #: Answers without which there is no vote.
    min_answers: int

    def is_decided(self, samples: Sequence[Sample], *, left: float) -> bool:
        """Whether votes of weight `left` cannot change who wins.

        Where answers that are apart may still be joined, whoever leads has to outweigh all of them.
        """
        if self.reading.may_join:
            left += sum(standing(samples, self.weight_by_expert)[2:])
        return is_decided(samples, self.weight_by_expert, left=left)

    def is_enough(self, calls: Sequence[CallDone]) -> bool:
        """Whether the calls that are under way may end (`IsEnough`)."""
        samples = self.reading.read(calls)
        left = sum(call.num_open * self.weight_by_expert[call.expert] for call in calls)
        return len(samples) >= self.min_answers and self.is_decided(samples, left=left)

    def elected(self, calls: Sequence[CallDone]) -> Sample:
        """The first sample that holds the answer with most weight.

        Raises:
            OrchestratorError: there are too few answers; what kept the others, where it is known.
        """
        samples = self.reading.read(calls)
        if len(samples) >= self.min_answers:
            return winner(samples, self.weight_by_expert)
        raise no_answer(self.composition_id, calls, num=len(samples), least=self.min_answers)
