"""`kind: symbolic_moe`: experts recruited by the skills of a question, one answer of theirs."""

import asyncio

import pytest

from orchestrator.compositions.base import Query
from orchestrator.engines.base import (
    Chat,
    Chunk,
    ImagePart,
    Message,
    Sampling,
    Structure,
    Text,
)
from orchestrator.engines.collecting import collect
from orchestrator.engines.scripts import Script, last_user_text
from orchestrator.errors import EngineDeadError, LimitsError, UnsupportedParameterError
from orchestrator.routing.limits import Limits
from routers.blend import plain_blend
from tests.unit.compositions.skilled_pool import MERGING, NAMING, SkilledPool, said

DEAD = EngineDeadError("its process is gone")
NAMED = {"namer": "namer"}
SUM = {"metadata": {"skills": "sum"}}


async def test_a_raw_text_is_refused():
    with pytest.raises(UnsupportedParameterError, match="takes a conversation"):
        await SkilledPool().asked(Query(id="q1", model="auto", prompt=Text(text="Once upon")))


async def test_an_aggregator_that_limits_shut_out_is_refused_before_anybody_is_asked():
    pool = SkilledPool(entry={"aggregator": "writer"})
    shut_out = Limits(exclude=frozenset({"expert:writer"}))

    with pytest.raises(LimitsError, match="'writer'"):
        await pool.reply(limits=shut_out)

    assert not pool.engine.calls


async def test_the_experts_of_the_skills_answer_once_each_and_the_first_merges():
    pool = SkilledPool(rule={"k": 2})

    reply = await pool.reply(**SUM)

    assert await said(reply) == "all of it"
    first, second, merging = pool.engine.calls
    assert (first.expert, second.expert, merging.expert) == ("counter", "mapper", "counter")
    assert "I am counter" in last_user_text(merging)
    assert [stage.name for stage in reply.stages] == ["answers", "synthesis"]
    assert reply.decision.expert == "counter"


async def test_most_experts_that_are_asked_bound_what_the_router_recruits():
    pool = SkilledPool(rule={"k": 4}, entry={"experts": 2})

    await said(await pool.reply(**SUM))

    assert len(pool.calls()) == 2 + 1


async def test_the_namer_names_what_nobody_has_and_the_experts_are_recruited_by_it():
    pool = SkilledPool(entry=NAMED, rule={"k": 2})

    reply = await pool.reply()

    assert await said(reply) == "all of it"
    naming, *_ = pool.engine.calls
    assert (naming.expert, naming.sampling.n, naming.sampling.temperature) == ("namer", 5, 0.7)
    assert [stage.name for stage in reply.stages] == ["skills", "answers", "synthesis"]
    assert reply.decision.route.skills == ("sum",)
    assert reply.decision.route.reasons[0] == "'namer' named sum"
    assert reply.decision.team[0] == "counter"


async def test_what_was_named_once_is_known_from_then_on():
    pool = SkilledPool(entry=NAMED, rule={"k": 2})

    await said(await pool.reply())
    await said(await pool.reply())

    assert len(pool.calls(of=NAMING)) == 1
    assert pool.cache.skills_of("two and two?") == ("sum",)


async def test_who_shuts_the_namer_out_does_not_go_by_what_it_named_for_others():
    pool = SkilledPool(entry=NAMED, rule={"k": 2})
    await said(await pool.reply())

    reply = await pool.reply(limits=Limits(exclude=frozenset({"expert:namer"})))

    assert await said(reply) == "I am general"
    assert len(pool.calls(of=NAMING)) == 1
    assert reply.decision.route.reasons[0] == "'namer' could not name the skills: limits_unmet"


async def test_what_the_caller_wants_of_the_answer_is_not_asked_of_the_namer():
    pool = SkilledPool(entry=NAMED)
    sampling = Sampling(temperature=0.0, max_tokens=9, stop=("x",), seed=3, logit_bias={5: 9.0})

    await said(await pool.reply(sampling=sampling, structure=Structure(kind="json_object")))

    naming, *_ = pool.engine.calls
    assert naming.sampling == Sampling(n=5, temperature=0.7, max_tokens=256, seed=3)
    assert naming.structure is None


@pytest.mark.parametrize(
    ("naming", "reason", "is_kept"),
    [
        (Script(fails=DEAD), "'namer' could not name the skills: engine_dead", False),
        (Script(says="none"), "'namer' named no skill twice", True),
        (Script(says="chess"), "'namer' named chess", True),
    ],
    ids=["it fails", "it names nothing", "nobody was measured on what it names"],
)
async def test_a_namer_that_helps_nobody_leaves_the_general_expert(naming, reason, is_kept):
    pool = SkilledPool(entry=NAMED, naming=naming)

    reply = await pool.reply()

    assert await said(reply) == "I am general"
    assert reply.decision.route.reasons[0] == reason
    assert (pool.cache.skills_of("two and two?") is not None) == is_kept


async def test_a_picture_without_a_text_is_not_named_for_all_pictures():
    pool = SkilledPool(
        entry=NAMED, experts={"general": {"modalities": ["text", "image"]}}, rule={"k": 2}
    )
    picture = Message(role="user", content=(ImagePart(url="data:image/png;base64,AA=="),))

    reply = await pool.reply(chat=Chat(messages=(picture,)))

    assert await said(reply) == "I am general"
    assert pool.cache.num_texts == 0


async def test_without_a_namer_the_general_expert_answers_what_nobody_named():
    pool = SkilledPool()

    reply = await pool.reply()

    assert await said(reply) == "I am general"
    assert [stage.name for stage in reply.stages] == ["answer"]


async def test_an_expert_that_is_recruited_twice_answers_twice():
    # Drawn by `released`, where only the one that is right more often than wrong has a share.
    pool = SkilledPool(rule={"mode": "released", "k": 3})

    await said(await pool.reply(**SUM))

    answers, merging = pool.engine.calls
    assert (answers.expert, answers.sampling.n, answers.sampling.temperature) == ("counter", 3, 0.7)
    assert last_user_text(merging).count("</candidate>") == 3


async def test_the_aggregator_that_the_artifact_names_merges():
    pool = SkilledPool(aggregator="writer", rule={"k": 2})

    reply = await pool.reply(**SUM)

    assert await said(reply) == "all of it"
    assert (pool.calls(of=MERGING), reply.decision.expert) == (["writer"], "writer")


@pytest.mark.parametrize("gone", ["left_the_registry", "mapper"])
async def test_an_aggregator_of_the_artifact_that_is_gone_or_failed_is_replaced(gone):
    pool = SkilledPool(aggregator=gone, rule={"k": 2}, answers={"mapper": Script(fails=DEAD)})

    await said(await pool.reply(**SUM, structure=Structure(kind="json_object")))

    assert pool.calls(of=MERGING) == ["counter"]


async def test_an_aggregator_of_the_artifact_that_limits_shut_out_is_replaced():
    pool = SkilledPool(aggregator="writer", rule={"k": 2})

    await said(await pool.reply(**SUM, limits=Limits(exclude=frozenset({"expert:writer"}))))

    assert pool.calls(of=MERGING) == ["counter"]


async def test_the_aggregator_of_an_artifact_is_known_through_routers_of_routers():
    pool = SkilledPool(aggregator="writer", rule={"k": 2})
    blend = plain_blend({"skills": pool.router()}, {"skills": 1.0})
    outer = SkilledPool(around={"mixed": blend}, entry={"router": "mixed", "experts": 2})

    await said(await outer.reply(**SUM))

    assert outer.calls(of=MERGING) == ["writer"]


async def test_the_entry_s_own_aggregator_comes_first_and_writes_at_its_temperature():
    pool = SkilledPool(
        aggregator="general", entry={"aggregator": "writer", "temperature": 0.3}, rule={"k": 2}
    )

    await said(await pool.reply(**SUM, sampling=Sampling(temperature=1.5)))

    *answers, merging = pool.engine.calls
    assert (merging.expert, merging.sampling.temperature) == ("writer", 0.3)
    assert {call.sampling.temperature for call in answers} == {1.5}


async def test_one_expert_that_fails_costs_its_share_and_one_answer_alone_is_told():
    pool = SkilledPool(rule={"k": 2}, answers={"counter": Script(fails=DEAD)})

    reply = await pool.reply(**SUM)

    assert await said(reply) == "I am mapper"
    assert (reply.decision.expert, reply.decision.failed) == ("mapper", {"counter": "engine_dead"})


async def test_fewer_answers_than_the_entry_wants_are_an_error():
    pool = SkilledPool(
        rule={"k": 2}, entry={"min_answers": 2}, answers={"counter": Script(fails=DEAD)}
    )

    with pytest.raises(EngineDeadError):
        await said(await pool.reply(**SUM))


async def test_where_the_aggregator_fails_the_first_answer_is_told():
    pool = SkilledPool(rule={"k": 2}, entry={"aggregator": "writer"}, merging=Script(fails=DEAD))

    reply = await pool.reply(**SUM)

    assert await said(reply) == "I am counter"
    assert reply.decision.failed == {"writer": "engine_dead"}


async def test_the_answer_is_streamed_while_it_is_written():
    last = asyncio.Event()
    pool = SkilledPool(rule={"k": 2}, merging=Script(says="all of it", gate=last, gate_at=2))
    reply = await pool.reply(**SUM)

    first = await anext(item async for item in reply.items if isinstance(item, Chunk))

    assert first.deltas[0].text == "all"
    last.set()
    assert await said(reply) == " of it"


async def test_naming_takes_no_call_that_the_answer_needs():
    pool = SkilledPool(entry=NAMED)

    reply = await pool.reply(limits=Limits(max_calls=1))

    assert await said(reply) == "I am general"
    assert reply.reached == ("max_calls",)
    assert pool.calls() == ["general"]


async def test_usage_is_that_of_every_stage():
    pool = SkilledPool(entry=NAMED, rule={"k": 2})

    reply = await pool.reply()
    answer = await collect(reply.items)

    # Skills in 2 + 1 + 1 + 1 + 1 words, two answers of 3 words, a synthesis of 3.
    assert answer.usage.completion_tokens == 6 + 6 + 3
