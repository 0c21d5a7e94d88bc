"""One expert by a router: which text it reads, and who leads where several would do."""

from dataclasses import replace

import pytest

from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Chat, Message, Sampling, TextPart, Tool, ToolCall
from orchestrator.engines.fake import FakeEngine
from orchestrator.registry.models import Price
from orchestrator.routing.limits import Limits
from routers.base import Prompts, Route, RouterError
from tests.served import REGISTRY
from tests.unit.compositions.pool import Pool, SeeingEngine, ask

CAPITAL = "What is the capital of France?"


class WordRouter:
    """Sure of texts that hold its word, unsure of all others."""

    version, is_slow = "v1", False

    def __init__(self, word: str, expert: str = "math") -> None:
        self._word, self._expert = word, expert
        self.texts: list[str] = []

    def route(self, prompts: Prompts) -> list[Route]:
        self.texts += prompts.texts
        return [self._one(text) for text in prompts.texts]

    def _one(self, text: str) -> Route:
        is_sure = self._word in text
        chosen = self._expert if is_sure else "plain"
        return Route(chosen=(chosen,), scores={chosen: 1.0}, is_fallback=not is_sure)


def programs(router: WordRouter) -> Programs:
    return Programs(REGISTRY, generation=1, routers={"topic": router}, dispatch=FakeEngine())


def said(*turns: tuple[str, str]) -> Chat:
    return Chat(messages=tuple(Message(role=r, content=(TextPart(text=t),)) for r, t in turns))


async def decided(router: WordRouter, chat: Chat):
    return await programs(router).decide(ask(chat=chat))


async def test_a_turn_that_the_router_is_sure_of_is_read_alone():
    router = WordRouter("2 + 2")
    chat = said(("system", "Be brief."), ("user", CAPITAL), ("assistant", "-"), ("user", "2 + 2?"))

    assert (await decided(router, chat)).expert == "math"
    assert router.texts == ["2 + 2?"]


async def test_in_doubt_it_is_read_after_its_topic_and_then_after_the_system_prompt():
    router = WordRouter("sums")
    chat = said(("system", "You do sums."), ("user", CAPITAL), ("assistant", "-"), ("user", "4 5"))

    decision = await decided(router, chat)

    assert decision.expert == "math"
    assert router.texts == ["4 5", f"{CAPITAL}\n4 5", "You do sums.\n4 5"]
    assert decision.route.reasons[0].startswith("unsure of the last turn alone")


async def test_what_stays_in_doubt_goes_where_the_last_turn_alone_goes():
    decision = await decided(WordRouter("never"), said(("system", "Hi."), ("user", "Hello there")))

    assert (decision.expert, decision.route.is_fallback) == ("plain", True)


async def test_what_tools_say_moves_no_request_of_their_loop():
    router = WordRouter("capital")
    begun = said(("user", CAPITAL))
    begun = replace(begun, tools=(Tool(name="search"),))
    call = ToolCall(id="1", name="search", arguments="{}")
    experts = []
    for num_rounds in range(4):
        rounds = (
            Message(role="assistant", tool_calls=(call,)),
            Message(role="tool", content=(TextPart(text="2 + 2?"),), tool_call_id="1"),
        ) * num_rounds
        chat = replace(begun, messages=(*begun.messages, *rounds))
        experts.append((await decided(router, chat)).expert)

    assert experts == ["math"] * 4
    assert set(router.texts) == {CAPITAL}


class OneRouter:
    """Scores nobody but its choice: the first candidate by name, of those it knows."""

    version, is_slow = "v1", False

    def __init__(self, *known: str) -> None:
        self._known = known

    def route(self, prompts: Prompts) -> list[Route]:
        chosen = next((name for name in self._known if name in prompts.candidates), None)
        if chosen is None:
            raise RouterError("nobody is left")
        return [Route(chosen=(chosen,), scores={chosen: 1.0}) for _ in prompts.texts]


@pytest.mark.parametrize(("most", "named"), [(0, ()), (1, ("plain",)), (9, ("plain",))])
async def test_a_router_that_scores_its_choice_alone_is_asked_who_comes_next(most, named):
    auto = REGISTRY.compositions["auto"].model_copy(update={"fallbacks": most})
    registry = REGISTRY.model_copy(update={"compositions": {"auto": auto}})
    routers = {"topic": OneRouter("math", "plain")}
    made = Programs(registry, generation=1, routers=routers, dispatch=FakeEngine())

    assert (await made.decide(ask())).fallbacks == named


class Recruiter:
    """Recruits all candidates that it knows."""

    version, is_slow = "v1", False

    def route(self, prompts: Prompts) -> list[Route]:
        known = {"math": 0.6, "painter": 0.5, "plain": 0.4}
        scores = {name: score for name, score in known.items() if name in prompts.candidates}
        return [Route(chosen=tuple(scores), scores=scores) for _ in prompts.texts]


async def test_a_router_that_recruits_several_names_a_team_that_keeps_the_caps_together():
    # Of 256 tokens of an answer: 2, 4 and 1 USD. Math and painter break 5, painter and plain do
    # not and are right by 0.70, math and plain by 0.76.
    prices = {"math": 7812.5, "painter": 15625.0, "plain": 3906.25}
    experts = [
        expert.model_copy(update={"price": Price(output_usd_per_mtok=prices[expert.id])})
        if expert.id in prices else expert for expert in REGISTRY.experts
    ]  # fmt: skip
    registry = REGISTRY.model_copy(update={"experts": tuple(experts)})
    routers = {"topic": Recruiter()}
    made = Programs(registry, generation=1, routers=routers, dispatch=FakeEngine())
    sampling = Sampling(max_tokens=256)

    whole = await made.decide(ask(sampling=sampling))
    capped = await made.decide(ask(sampling=sampling, limits=Limits(max_price_usd=5.0)))

    assert whole.team == ("math", "painter", "plain")
    assert (capped.expert, capped.team) == ("math", ("math", "plain"))


SLOW_BEST = {"small": 9.0, "large": 1.0, "hosted": 0.5}


async def test_who_answers_sooner_leads_within_the_slack():
    # Scores are 1, 1/2 and 1/3: 50 points reach the second alone.
    pool = Pool(engine=SeeingEngine(takes_s=SLOW_BEST), auto={"quality_slack": 50})

    decision = await pool.decide(ask())

    assert decision.expert == "large"
    assert "'large' (score 0.500, 1.00 s) goes before 'small'" in decision.route.reasons[-1]


@pytest.mark.parametrize("tools", [(), (Tool(name="search"),)], ids=["no slack", "with tools"])
async def test_without_slack_and_with_tools_the_best_answers_however_late(tools):
    slack = 50 if tools else 0
    pool = Pool(
        engine=SeeingEngine(takes_s=SLOW_BEST),
        auto={"quality_slack": slack},
        experts={"small": {"engine": {"kind": "vllm", "tool_parser": "hermes"}}},
    )

    decision = await pool.decide(ask(chat=replace(said(("user", "hi")), tools=tools)))

    assert decision.expert == "small"


async def test_nobody_leads_whom_the_limits_shut_out():
    pool = Pool(
        engine=SeeingEngine(takes_s=SLOW_BEST),
        auto={"quality_slack": 100, "limits": {"exclude": ["owner:acme"]}},
    )

    assert (await pool.decide(ask())).expert == "small"
