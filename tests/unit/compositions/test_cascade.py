"""`kind: cascade`: cheap experts first."""

import asyncio

import pytest
from pydantic import ValidationError

from orchestrator.compositions.base import Reply
from orchestrator.compositions.progress import Progress
from orchestrator.engines.base import Chunk, Sampling
from orchestrator.engines.collecting import collect
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError, LimitsError, RegistryError
from orchestrator.routing.limits import Limits
from tests.fitted_cascades import write_cascade
from tests.unit.compositions.pool import Pool, SeeingEngine, ask
from tests.unit.compositions.test_staging import programs

DEAD = EngineDeadError("its process is gone")


def scripted(**script_by_expert: Script | tuple[str, ...]) -> SeeingEngine:
    def script(call) -> Script:
        found = script_by_expert[call.expert]
        return Script(says=found) if isinstance(found, tuple) else found

    return SeeingEngine(script=script)


def pool(engine: SeeingEngine, **more) -> Pool:
    entry = {"kind": "cascade", "router": None, "cheap": ["small"], "strong": "large"}
    return Pool(engine=engine, auto={**entry, "tau": 0.6, "answers": "number", **more})


async def said(reply: Reply) -> str:
    return (await collect(reply.items)).choices[0].text


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"samples": 1}, "one answer agrees with nobody"),
        ({"accept": "confidence", "samples": 2}, "the confidence is that of one answer"),
        ({"accept": "confidence", "cheap": ["small", "hosted"]}, "one cheap expert"),
        ({"tau": None}, "give either tau or the artifact"),
        ({"artifact": "fitted"}, "give either tau or the artifact"),
    ],
)
def test_options_that_contradict_one_another_are_refused(entry, said):
    with pytest.raises(ValidationError, match=said):
        pool(scripted(), **entry).programs()


def test_an_artifact_that_is_gone_since_the_check_is_told_when_it_is_loaded(tmp_path):
    with pytest.raises(RegistryError, match=r"composition 'auto' cannot be used: .*cannot be read"):
        pool(scripted(), tau=None, artifact=str(tmp_path)).programs()


async def test_answers_that_agree_are_taken_and_the_strong_expert_is_spared():
    engine = scripted(small=("Answer: 3", "Answer: 4", "it is 4"))

    reply = await pool(engine).programs().reply(ask())

    assert await said(reply) == "Answer: 4"
    assert [call.expert for call in engine.calls] == ["small"]
    assert (reply.decision.expert, reply.decision.router) == ("small", None)


async def test_answers_that_differ_go_to_the_strong_expert_whose_answer_is_streamed():
    engine = scripted(small=("1", "2", "3"), large=("it is four",))

    reply = await pool(engine).programs().reply(ask())
    items = [item async for item in reply.items]

    assert [call.expert for call in engine.calls] == ["small", "large"]
    assert len(items) > 1
    assert items[-1].usage.completion_tokens == 3 + 3
    assert reply.decision.expert == "large"


async def test_a_strong_expert_that_fails_leaves_the_best_cheap_answer():
    engine = scripted(small=("1", "2", "3"), large=Script(fails=DEAD))

    reply = await pool(engine).programs().reply(ask())

    assert await said(reply) == "1"
    assert (reply.decision.expert, reply.decision.failed) == ("small", {"large": "engine_dead"})


async def test_where_nobody_answers_the_strong_experts_error_is_told():
    engine = scripted(small=Script(fails=DEAD), large=Script(fails=EngineDeadError("large too")))

    with pytest.raises(EngineDeadError, match="large too"):
        await said(await pool(engine).programs().reply(ask()))


async def test_a_cheap_expert_that_limits_shut_out_is_left_aside():
    engine = scripted(large=("strong words",))
    only = Limits(exclude=frozenset({"expert:small"}))

    assert await said(await pool(engine).programs().reply(ask(limits=only))) == "strong words"
    assert [call.expert for call in engine.calls] == ["large"]


async def test_a_cheap_expert_that_breaks_the_cap_beside_others_is_left_aside():
    engine = scripted(small=("4", "4"), hosted=("4", "4"), large=("4",))
    price = {"price": {"input_usd_per_mtok": 0.0, "output_usd_per_mtok": 10.0}}
    cascade = pool(engine, cheap=["small", "hosted"], samples=2)
    cascade.experts = {"small": price, "hosted": price}
    # Two answers of 100 tokens at 10 USD a million are 0.002 USD; four are over the cap.
    capped = ask(limits=Limits(max_price_usd=0.003), sampling=Sampling(max_tokens=100))

    assert (await cascade.programs().decide(capped)).team == ("small",)


async def test_where_limits_shut_out_everybody_nobody_is_asked():
    engine = scripted()
    nobody = Limits(exclude=frozenset({"expert:small", "expert:large"}))

    with pytest.raises(LimitsError):
        await pool(engine).programs().reply(ask(limits=nobody))

    assert not engine.calls


async def test_a_strong_expert_that_limits_shut_out_leaves_the_cheap_answer():
    engine = scripted(small=("1", "2", "3"))
    shut_out = Limits(exclude=frozenset({"expert:large"}))

    reply = await pool(engine).programs().reply(ask(limits=shut_out))

    assert await said(reply) == "1"
    assert reply.decision.failed == {"large": "limits_unmet"}


async def test_calls_that_cannot_change_the_verdict_are_ended():
    shut = Script(gate=asyncio.Event())
    engine = scripted(small=("4", "4"), hosted=shut)
    cascade = pool(engine, cheap=["hosted", "small"], samples=2, tau=0.5)

    reply = await cascade.programs().reply(ask())

    assert await said(reply) == "4"
    assert len(engine.cancelled) == 1


@pytest.mark.parametrize(("tau", "asked"), [(0.5, ["small"]), (0.7, ["small", "large"])])
async def test_the_tau_of_an_artifact_decides(tmp_path, tau, asked):
    write_cascade(tmp_path, cheap=("small",), strong="large", tau=tau)
    engine = scripted(small=("4", "4", "5"), large=("5",))

    await said(await pool(engine, tau=None, artifact=str(tmp_path)).programs().reply(ask()))

    assert [call.expert for call in engine.calls] == asked


@pytest.mark.parametrize(("log_prob", "answer"), [(-0.1, "the answer"), (-2.0, "strong words")])
async def test_one_answer_is_taken_by_how_likely_its_words_are(log_prob, answer):
    # exp(-0.1) = 0.90, exp(-2) = 0.14
    likely = Script(says="the answer", log_prob=log_prob)
    engine = scripted(small=likely, large=("strong words",))
    reply = await pool(engine, accept="confidence").programs().reply(ask())

    found = await collect(reply.items)

    assert (found.choices[0].text, found.choices[0].logprobs) == (answer, ())
    assert (engine.calls[0].sampling.n, engine.calls[0].sampling.top_logprobs) == (1, 0)


async def test_log_probabilities_that_the_caller_wants_are_told():
    engine = scripted(small=Script(says="the answer", log_prob=-0.1))
    wanted = ask(sampling=Sampling(top_logprobs=2))

    found = await collect((await pool(engine, accept="confidence").programs().reply(wanted)).items)

    assert [len(token.top) for token in found.choices[0].logprobs] == [2, 2]


async def test_a_cheap_expert_that_tells_no_log_probabilities_is_left_aside():
    engine = scripted(large=("strong words",))
    cascade = pool(engine, accept="confidence")
    cascade.experts = {"small": {"lacks": ["logprobs"]}}

    assert await said(await cascade.programs().reply(ask())) == "strong words"


LEVELS = {
    "first": {"kind": "cascade", "cheap": ["a"], "strong": "second", "tau": 1.0, "samples": 2},
    "second": {"kind": "cascade", "cheap": ["b"], "strong": "c", "tau": 1.0, "samples": 2},
}


@pytest.mark.parametrize(
    ("b", "answer", "asked"),
    [(("2", "2"), "2", ["a", "b"]), (("2", "3"), "strong words", ["a", "b", "c"])],
    ids=["the second level is sure", "only the last one answers"],
)
async def test_cascades_in_one_another_make_more_levels(b, answer, asked):
    engine = scripted(a=("1", "2"), b=b, c=("strong words",))

    reply = await programs(engine, LEVELS).reply(ask(model="first"))
    items = [item async for item in reply.items]

    assert "".join(d.text for one in items if isinstance(one, Chunk) for d in one.deltas) == answer
    assert [call.expert for call in engine.calls] == asked
    assert reply.decision.expert == "second"
    # Two words of `a`, two of `b`, two of "strong words" where `c` is asked.
    assert items[-1].usage.completion_tokens == 2 * len(asked)
    paths = {item.path for item in items if isinstance(item, Progress)}
    assert {("cheap",), ("strong",), ("strong", "cheap")} <= paths
