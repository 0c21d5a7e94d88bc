"""How sure a vote in turn is so far.

Pure. Source: the confidence score of Divide and Conquer, arXiv:2401.05190, as `routers/in_turn.py`
has it. It takes scipy, so only votes in turn import it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from orchestrator.compositions.voting import Sample
from routers.in_turn import take_turns
from routers.reliability import Ballots, unmoved


def chance(
    samples: Sequence[Sample], accuracy_by_expert: Mapping[str, float], *, num_options: int
) -> float:
    """How likely the leading answer is right, were all samples to err independently.

    Samples of one expert do not, so that the figure is high; its order is what counts.

    Args:
        samples: in the order in which they were asked for.
        accuracy_by_expert: what each expert is expected to reach, in [0, 1].
        num_options: answers a question may have.
    """
    given = [one.answer for one in samples if one.answer is not None]
    if not given:
        return 0.0
    numbers = {answer: at for at, answer in enumerate(dict.fromkeys(given))}
    num_options = max(num_options, len(numbers))
    ballots = Ballots(
        answers=np.array([[numbers.get(one.answer or "", -1) for one in samples]], dtype=np.int64),
        expected=np.array([[accuracy_by_expert[one.expert] for one in samples]]),
        groups=np.zeros(1, dtype=np.int64),
        num_options=num_options,
    )
    equal = unmoved(num_experts=len(samples), num_groups=1, num_options=num_options)
    return float(take_turns(ballots, [equal] * len(samples)).shares[0, -1])
