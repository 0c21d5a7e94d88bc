"""More candidates than an aggregator's context has room for."""

import pytest

from orchestrator.compositions.programs import Programs
from orchestrator.compositions.size import size_of
from orchestrator.engines.base import Sampling
from orchestrator.engines.collecting import collect
from orchestrator.engines.scripts import Script, last_user_text
from orchestrator.errors import ContextTooLongError, EngineDeadError
from orchestrator.registry.models import Registry
from tests.served import PreferenceRouter
from tests.unit.compositions.pool import URL, Pool, SeeingEngine, ask

LONG, LONGER, SHORT = "long " * 200, "longer " * 200, "short"
MAX_TOKENS = 300


def aggregated(max_context: int, *, says, summary: Script | None = None, **more):
    """A pool whose aggregator has this context, and what it is asked in each role."""

    def script(call) -> Script:
        text = last_user_text(call)
        if "shorten the candidate" in text:
            return summary or Script(says="brief")
        return Script(says="all of it") if "<candidate" in text else Script(says=says)

    engine = SeeingEngine(script=script)
    large = {"kind": "openai", "base_url": URL, "model": "l", "max_context": max_context}
    pool = Pool(
        engine=engine,
        experts={"large": {"engine": large}, "small": {"engine": {"kind": "fake"}}},
        auto={"kind": "self_moa", "samples": len(says), "aggregator": "large", **more},
    )
    return pool, engine


async def asked(pool, engine):
    """The calls behind the samples, and the reply."""
    query = ask("why?", sampling=Sampling(max_tokens=MAX_TOKENS))
    reply = await pool.programs().reply(query)
    assert (await collect(reply.items)).choices[0].text == "all of it"
    return list(engine.calls)[1:], reply


def candidates(call) -> list[str]:
    parts = last_user_text(call).split("</candidate>")[:-1]
    return [part.rpartition(">\n")[2].strip() for part in parts]


async def test_candidates_without_room_are_not_sent():
    pool, engine = aggregated(1300, says=(LONG, SHORT, LONGER))

    calls, reply = await asked(pool, engine)

    assert [candidates(call) for call in calls] == [[LONG.strip(), SHORT]]
    assert [call.num_dropped for stage in reply.stages for call in stage.calls] == [0, 1]
    assert size_of(calls[0].prompt).high + MAX_TOKENS <= 1300


async def test_an_aggregator_of_unknown_context_is_sent_all():
    pool, engine = aggregated(1300, says=(LONG, SHORT, LONGER), aggregator="hosted")
    pool = Pool(engine=engine, auto=pool.auto, experts={"small": {"engine": {"kind": "fake"}}})

    (call,), _ = await asked(pool, engine)

    assert len(candidates(call)) == 3


async def test_candidates_over_their_share_are_summarised_and_others_sent_as_they_are():
    pool, engine = aggregated(1300, says=(LONG, SHORT, LONGER), overflow="summarise")

    (*summaries, last), reply = await asked(pool, engine)

    assert [candidates(call) for call in summaries] == [[LONG.strip()], [LONGER.strip()]]
    assert {call.expert for call in summaries} == {"large"}
    assert all(16 <= call.sampling.max_tokens <= MAX_TOKENS for call in summaries)
    assert candidates(last) == ["brief", SHORT, "brief"]
    assert [stage.name for stage in reply.stages] == ["samples", "summaries", "synthesis"]


async def test_nothing_is_summarised_where_all_fit():
    pool, engine = aggregated(10_000, says=(LONG, SHORT, LONGER), overflow="summarise")

    (call,), _ = await asked(pool, engine)

    assert len(candidates(call)) == 3


async def test_what_was_said_twice_is_summarised_once():
    pool, engine = aggregated(1200, says=(LONG, LONG, SHORT), overflow="summarise")

    (*summaries, last), _ = await asked(pool, engine)

    assert len(summaries) == 1
    assert candidates(last) == ["brief", "brief", SHORT]


@pytest.mark.parametrize(
    "summary",
    [Script(fails=EngineDeadError("gone")), Script(fails=ContextTooLongError("long")),
     Script(says=" \n")],
    ids=["gone", "too long", "empty"],
)  # fmt: skip
async def test_where_no_summary_comes_the_candidate_is_dropped_by_its_length(summary):
    pool, engine = aggregated(
        1300, says=(LONG, SHORT, LONGER), overflow="summarise", summary=summary
    )

    calls, _ = await asked(pool, engine)

    assert candidates(calls[-1]) == [LONG.strip(), SHORT]


async def test_a_summary_that_is_cut_short_is_what_there_is_room_for():
    wordy = Script(says=" ".join(["word"] * 500))
    pool, engine = aggregated(1300, says=(LONG, SHORT, LONGER), overflow="summarise", summary=wordy)

    calls, _ = await asked(pool, engine)

    assert len(candidates(calls[-1])) == 3


async def test_summaries_take_nothing_that_the_answer_needs():
    limits = {"max_calls": 3}  # the samples, the answer, and one of two summaries
    pool, engine = aggregated(1300, says=(LONG, SHORT, LONGER), overflow="summarise", limits=limits)

    (call,), reply = await asked(pool, engine)

    assert candidates(call) == [LONG.strip(), SHORT]
    assert reply.reached == ("max_calls",)


async def test_a_composition_that_writes_the_answer_is_sent_all_and_sees_to_its_own_room():
    _, engine = aggregated(1300, says=(LONG, SHORT, LONGER))
    registry = Registry.model_validate(
        {
            "experts": [{"id": "small", "engine": {"kind": "fake"}}],
            "routers": {"topic": {"kind": "category", "artifact": "x", "fallback": "small"}},
            "compositions": {
                "inner": {"kind": "route", "router": "topic"},
                "auto": {
                    "kind": "self_moa", "router": "topic", "samples": 3, "aggregator": "inner",
                    "overflow": "summarise",
                },
            },
        }
    )  # fmt: skip
    routers = {"topic": PreferenceRouter("small")}
    programs = Programs(registry, generation=1, routers=routers, dispatch=engine)

    reply = await programs.reply(ask("why?", sampling=Sampling(max_tokens=MAX_TOKENS)))
    await collect(reply.items)

    assert [len(candidates(call)) for call in engine.calls] == [0, 3]
