import asyncio

import pytest

from bench.played import Answer, Played, Watched, play
from orchestrator.engines.fake import FakeHost
from orchestrator.engines.slot import Slot
from orchestrator.registry.models import Expert
from orchestrator.residency.bounded import Bounded
from orchestrator.simulation.trace import Request, Trace

EXPERTS = {name: Expert(id=name) for name in ("maths", "french")}


def answered(first_s: float, ended_s: float, num_tokens: int) -> Answer:
    return Answer(arrived_s=0, first_s=first_s, ended_s=ended_s, num_tokens=num_tokens)


def test_a_step_is_what_explains_the_answers_alone_and_beside_others():
    # Ten steps alone take 1 s; two beside one another take 1.5 s for ten each.
    answers = [answered(0, 1, 11), answered(2, 3.5, 11), answered(2, 3.5, 11)]

    played = Played(answers=answers, watched=Watched(Bounded()), began_s=0)

    assert played.step_s == pytest.approx((0.1, 0.05))
    assert played.usual_step_s == pytest.approx((1 + 1.5 + 1.5) / 30)
    assert played.makespan_s == 3.5


async def test_a_trace_is_played_by_its_times_and_swaps_are_timed():
    requests = [
        Request(id=place, expert=expert, arrives_s=0, prompt_tokens=2, output_tokens=3)
        for place, expert in enumerate(["maths", "french", "maths"])
    ]
    watched = Watched(Bounded())
    slot = Slot("bench", clock=asyncio.get_running_loop(), policy=watched)
    host = FakeHost(list(EXPERTS.values()))
    slot.seat("fake", host, list(EXPERTS.values()))

    played = await play(
        Trace(name="short", requests=requests), slot, watched, expert_by_name=EXPERTS, never=()
    )

    assert len(played.answers) == len(watched.admitted_s) == 3
    assert watched.num_swaps == len(host.swaps) >= 1
    assert played.first_token_s > 0
    assert all(answer.first_s <= answer.ended_s for answer in played.answers)
