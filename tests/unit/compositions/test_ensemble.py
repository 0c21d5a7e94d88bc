"""`kind: ensemble`: answers weighed by how likely each expert is."""

import asyncio

import pytest
from pydantic import ValidationError

from orchestrator.compositions.base import Reply
from orchestrator.engines.base import Sampling
from orchestrator.engines.collecting import collect
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError, EngineProtocolError, UnsupportedParameterError
from tests.unit.compositions.pool import Pool, SeeingEngine, ask

DEAD = EngineDeadError("its process is gone")


def pool(scripts: dict[str, Script | str], **more) -> Pool:
    def script(call) -> Script:
        found = scripts[call.expert]
        return Script(says=found) if isinstance(found, str) else found

    auto = {"kind": "ensemble", "answers": "number", **more}
    return Pool(engine=SeeingEngine(script=script), auto=auto)


async def said(reply: Reply) -> str:
    return (await collect(reply.items)).choices[0].text


@pytest.mark.parametrize(("key", "value"), [("sharpness", 0), ("floor", 1), ("experts", 0)])
def test_an_entry_out_of_range_is_refused(key, value):
    with pytest.raises(ValidationError, match=key):
        pool({}, **{key: value}).programs()


async def test_several_answers_are_refused_by_name():
    with pytest.raises(UnsupportedParameterError, match="'n' is 2"):
        await pool({}).programs().reply(ask(sampling=Sampling(n=2)))


# The router scores small, large, hosted 1, 1/2, 1/3: shares of 6/11, 3/11, 2/11.


async def test_the_likeliest_expert_outvotes_the_two_others():
    answers = {"small": "Answer: 3", "large": "Answer: 4", "hosted": "Answer: 4"}

    reply = await pool(answers).programs().reply(ask())

    assert await said(reply) == "Answer: 3"
    assert (reply.decision.expert, reply.decision.team) == ("small", ("small", "large", "hosted"))


async def test_flat_weights_let_two_agree_against_the_likeliest():
    answers = {"small": "Answer: 3", "large": "Answer: 4", "hosted": "it is 4"}

    # 1 against 0.5 ** 0.1 + 0.33 ** 0.1 = 0.93 + 0.90
    reply = await pool(answers, sharpness=0.1).programs().reply(ask())

    assert await said(reply) == "Answer: 4"
    assert reply.decision.expert == "large"


async def test_who_is_under_the_floor_is_not_asked():
    found = pool({"small": "Answer: 3", "large": "Answer: 3"}, floor=0.2)

    await said(await found.programs().reply(ask()))

    assert [call.expert for call in found.engine.calls] == ["small", "large"]


async def test_an_expert_that_fails_costs_its_share():
    answers = {"small": Script(fails=DEAD), "large": "Answer: 4", "hosted": "Answer: 5"}

    reply = await pool(answers).programs().reply(ask())

    assert await said(reply) == "Answer: 4"
    assert reply.decision.failed == {"small": "engine_dead"}


async def test_who_can_change_nothing_any_more_is_ended():
    shut = Script(says="Answer: 9", gate=asyncio.Event())
    answers = {"small": "Answer: 4", "large": "Answer: 4", "hosted": shut}
    found = pool(answers)

    reply = await found.programs().reply(ask())

    assert await said(reply) == "Answer: 4"
    assert len(found.engine.cancelled) == 1


async def test_every_call_is_as_the_caller_says():
    found = pool({"small": "Answer: 4", "large": "Answer: 4"}, experts=2)

    await said(await found.programs().reply(ask(sampling=Sampling(temperature=0.1, seed=3))))

    assert {(call.sampling.temperature, call.sampling.seed) for call in found.engine.calls} == {
        (0.1, 3)
    }


async def test_fewer_answers_than_wanted_are_a_failure():
    found = pool({"small": "Answer: 4", "large": " "}, experts=2, min_answers=2)

    with pytest.raises(EngineProtocolError, match="got 1 answers that say anything of 2 calls"):
        await said(await found.programs().reply(ask()))
