"""`kind: rpc`: the answer of the likeliest samples."""

from dataclasses import replace

import pytest

from orchestrator.compositions.base import Reply
from orchestrator.engines.answer import Choice
from orchestrator.engines.base import Sampling
from orchestrator.engines.collecting import collect
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError, EngineProtocolError, UnsupportedParameterError
from tests.unit.compositions.pool import Pool, SeeingEngine, ask

DEAD = EngineDeadError("its process is gone")


def sampled(*answers: tuple[str, float]) -> Script:
    """Each answer with the log-probability of its tokens."""
    says, log_probs = zip(*answers, strict=True)
    return Script(says=says, log_prob=log_probs)


def pool(script_by_expert: dict[str, Script], **more) -> Pool:
    engine = SeeingEngine(script=lambda call: script_by_expert[call.expert])
    return Pool(engine=engine, auto={"kind": "rpc", "answers": "number", **more})


async def answered(reply: Reply) -> Choice:
    return (await collect(reply.items)).choices[0]


class Muting(SeeingEngine):
    """Says that it tells log-probabilities, and does not."""

    async def generate(self, call):
        async for chunk in super().generate(call):
            yield replace(
                chunk, deltas=tuple(replace(delta, logprobs=()) for delta in chunk.deltas)
            )


async def test_several_answers_are_refused_by_name():
    with pytest.raises(UnsupportedParameterError, match="'n' is 2"):
        await pool({}).programs().reply(ask(sampling=Sampling(n=2)))


async def test_who_tells_no_log_probabilities_is_not_asked():
    scripts = {name: sampled(("4", -0.1)) for name in ("small", "large")}

    decision = await pool(scripts, experts=3).decide(ask())

    assert decision.team == ("small", "large")  # `hosted` lacks them


async def test_a_sure_sample_beats_two_unsure_ones():
    # exp(-0.1) = 0.90 against 2 exp(-1.2) = 0.60
    script = sampled(("Answer: 3", -1.2), ("Answer: 3, as said", -1.2), ("Answer: 4", -0.1))

    reply = await pool({"small": script}, samples=3).programs().reply(ask())

    assert (await answered(reply)).text == "Answer: 4"


async def test_the_likeliest_sample_of_the_answer_is_told():
    script = sampled(("Answer: 4", -0.5), ("Answer: 3", -0.6), ("So it is 4", -0.4))

    reply = await pool({"small": script}, samples=3).programs().reply(ask())

    assert (await answered(reply)).text == "So it is 4"


async def test_samples_are_one_request_whose_log_probabilities_stay_here():
    found = pool({"small": sampled(("Answer: 4", -0.5))}, samples=3)

    choice = await answered(await found.programs().reply(ask(sampling=Sampling(temperature=0))))

    [call] = found.engine.calls
    assert (call.sampling.n, call.sampling.temperature, call.sampling.top_logprobs) == (3, 0.7, 0)
    assert choice.logprobs == ()


async def test_log_probabilities_that_the_caller_asks_for_are_told():
    found = pool({"small": sampled(("Answer: 4", -0.5))}, samples=2)

    choice = await answered(await found.programs().reply(ask(sampling=Sampling(top_logprobs=1))))

    assert [token.logprob for token in choice.logprobs] == [-0.5, -0.5]
    assert len(choice.logprobs[0].top) == 1


async def test_an_expert_that_fails_costs_its_samples_alone():
    scripts = {"small": Script(fails=DEAD), "large": sampled(("Answer: 4", -0.5))}

    reply = await pool(scripts, experts=2).programs().reply(ask())

    assert (await answered(reply)).text == "Answer: 4"
    assert (reply.decision.expert, reply.decision.failed) == ("large", {"small": "engine_dead"})


async def test_experts_are_standardised_so_that_a_sure_one_does_not_outweigh_the_other():
    shy = sampled(("Answer: 4", -2.0), ("Answer: 6", -3.0))
    sure = sampled(("Answer: 3", -0.10), ("Answer: 5", -0.05))

    reply = await pool({"small": shy, "large": sure}, experts=2, samples=2).programs().reply(ask())

    # 4 and 5 are what each is surer of; 5 is likelier by far, and 4 was given first.
    assert (await answered(reply)).text == "Answer: 4"


async def test_fewer_answers_than_wanted_are_a_failure():
    found = pool({"small": sampled((" ", -0.1))}, samples=2, min_answers=2)

    with pytest.raises(EngineProtocolError, match="got 0 answers that say anything of 1 calls"):
        await answered(await found.programs().reply(ask()))


async def test_without_any_log_probability_a_plain_vote_is_held_and_told():
    mute = Muting(script=lambda call: Script(says=("Answer: 3", "Answer: 4", "Answer: 4")))
    auto = {"kind": "rpc", "answers": "number", "samples": 3}

    reply = await Pool(engine=mute, auto=auto).programs().reply(ask())

    assert (await answered(reply)).text == "Answer: 4"
    assert reply.decision.failed == {"small": "engine_protocol"}
