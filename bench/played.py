"""A trace played on a real slot, and what its steps and tokens cost there while it was played."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean
from time import perf_counter

import numpy as np
from scipy.optimize import nnls

from orchestrator.costs.costs import Costs
from orchestrator.engines.base import Call, Sampling, Text
from orchestrator.engines.notices import Notice
from orchestrator.engines.slot import Slot
from orchestrator.engines.streams import reading
from orchestrator.registry.models import Expert
from orchestrator.residency.actions import Action, Admit, Swap
from orchestrator.residency.policy import Policy
from orchestrator.residency.queues import Queues
from orchestrator.residency.state import SlotState
from orchestrator.simulation.trace import Request, Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request of the trace, answered; times are seconds from the start."""

    arrived_s: float
    first_s: float
    ended_s: float
    num_tokens: int


@dataclass(slots=True)
class Watched:
    """A policy, with the times of what it decided."""

    policy: Policy
    admitted_s: list[float] = field(default_factory=list)
    #: What each swap took; the last may be missing.
    swaps_s: list[float] = field(default_factory=list)
    num_swaps: int = 0
    _began_s: dict[str, float] = field(default_factory=dict)

    def __call__(self, state: SlotState, queues: Queues, costs: Costs, *, now_s: float) -> Action:
        """See `Policy`."""
        for engine in state.engines:
            began_s = self._began_s.get(engine.id)
            if began_s is not None and engine.since_s > began_s:
                self.swaps_s.append(engine.since_s - self._began_s.pop(engine.id))
        action = self.policy(state, queues, costs, now_s=now_s)
        if isinstance(action, Admit):
            self.admitted_s.append(now_s)
        if isinstance(action, Swap):
            self.num_swaps += 1
            self._began_s[action.engine] = now_s
        return action


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One trace, played."""

    answers: Sequence[Answer]
    watched: Watched
    #: The clock of the slot when the trace began.
    began_s: float

    @property
    def makespan_s(self) -> float:
        """From the start to the last answer."""
        return max(answer.ended_s for answer in self.answers)

    @property
    def first_token_s(self) -> float:
        """From being let in to the first token: the prompt, and the way there and back."""
        let_in_s = mean(self.watched.admitted_s) - self.began_s
        return mean(answer.first_s for answer in self.answers) - let_in_s

    @property
    def step_s(self) -> tuple[float, float]:
        """A step of one answer, and what each further one adds to it, fitted to all answers."""
        rows = [
            (answer.num_tokens - 1, (answer.num_tokens - 1) * (self._beside(answer) - 1))
            for answer in self.answers
        ]
        took_s = [answer.ended_s - answer.first_s for answer in self.answers]
        (alone_s, more_s), _ = nnls(np.array(rows), np.array(took_s))
        return float(alone_s), float(more_s)

    @property
    def usual_step_s(self) -> float:
        """A step beside as many answers as there usually were."""
        took_s = sum(answer.ended_s - answer.first_s for answer in self.answers)
        return took_s / max(sum(answer.num_tokens - 1 for answer in self.answers), 1)

    def _beside(self, answer: Answer) -> float:
        """Answers that were generated while this one was, on average, itself among them."""
        shared_s = sum(
            max(min(one.ended_s, answer.ended_s) - max(one.first_s, answer.first_s), 0.0)
            for one in self.answers
        )
        return shared_s / max(answer.ended_s - answer.first_s, 1e-9)


async def play(
    trace: Trace,
    slot: Slot,
    watched: Watched,
    *,
    expert_by_name: Mapping[str, Expert],
    never: Sequence[int],
) -> Played:
    """Make the requests of a trace when it says, whatever becomes of those before.

    Args:
        trace: what is asked, and when.
        slot: what answers; `watched` decides there.
        watched: a policy.
        expert_by_name: who stands for the experts of the trace.
        never: ids of tokens that would end an answer early.
    """
    began_s, start_s = asyncio.get_running_loop().time(), perf_counter()

    async def ask(request: Request) -> Answer:
        await asyncio.sleep(request.arrives_s - (perf_counter() - start_s))
        expert = expert_by_name[request.expert]
        call = Call(
            id=f"{trace.name}-{request.id}",
            expert=expert.id,
            version=expert.version,
            generation=1,
            prompt=Text(text=" ".join(["of"] * request.prompt_tokens)),
            sampling=Sampling(
                temperature=0,
                max_tokens=request.output_tokens,
                logit_bias=dict.fromkeys(never, -100.0),
            ),
        )
        arrived_s, first_s = perf_counter() - start_s, None
        async with reading(slot.generate(call)) as stream:
            async for item in stream:
                if first_s is None and not isinstance(item, Notice):
                    first_s = perf_counter() - start_s
        assert first_s is not None, f"{call.id} was answered with nothing"
        return Answer(
            arrived_s=arrived_s,
            first_s=first_s,
            ended_s=perf_counter() - start_s,
            num_tokens=request.output_tokens,
        )

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(request)) for request in trace.requests]
    return Played(answers=[task.result() for task in tasks], watched=watched, began_s=began_s)
