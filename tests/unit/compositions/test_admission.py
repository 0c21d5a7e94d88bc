"""Who may answer a request, and what is said of those who may not."""

import pytest

from orchestrator.compositions.admission import Admission
from orchestrator.compositions.embedding import EmbedQuery
from orchestrator.engines.base import (
    Chat,
    ImagePart,
    Message,
    Sampling,
    Structure,
    Text,
    TextPart,
    Tool,
    ToolCall,
)
from orchestrator.errors import (
    ContextTooLongError,
    InvalidRequestError,
    LimitsError,
    OverloadedError,
    UnsupportedParameterError,
)
from orchestrator.routing.limits import Limits
from tests.unit.compositions.pool import Pool, SeeingEngine, ask

TOOL = Tool(name="search")
JSON = Structure(kind="json_object")


def only(*selectors: str) -> Limits:
    return Limits(include=(frozenset(selectors),))


def without(*selectors: str) -> Limits:
    return Limits(exclude=frozenset(selectors))


def chat(**more) -> Chat:
    return Chat(messages=(Message(role="user", content=(TextPart(text="hi"),)),), **more)


BAD = {
    "nobody is included": (only("tag:none"), LimitsError, "leave no expert that can take it"),
    "everybody is excluded": (
        without("tag:demo", "owner:acme"), LimitsError,
        "of those that could, excluded by owner:acme: hosted, large; excluded by tag:demo: small;",
    ),
    "a misspelt opt-out": (
        without("expert:smal"), InvalidRequestError, "'smal', .* did you mean 'small'",
    ),
    "an expert of nobody": (only("expert:zzzzzz"), InvalidRequestError, "known: "),
}  # fmt: skip


@pytest.mark.parametrize(("limits", "kind", "told"), BAD.values(), ids=BAD)
async def test_limits_that_let_nobody_in_are_refused(limits, kind, told):
    with pytest.raises(kind, match=told):
        await Pool().decide(ask(limits=limits))


async def test_everybody_who_answers_is_a_candidate_of_a_plain_request():
    decision = await Pool().decide(ask())

    assert decision.allowed.experts == {"small", "large", "hosted"}
    assert decision.allowed.excluded() == {"vectors": "it does not answer with text"}


@pytest.mark.parametrize(
    ("limits", "chosen", "excluded"),
    [
        (without("tag:demo"), "large", {"small": "excluded by tag:demo"}),
        (without("license:gpl-3.0"), "small", {"large": "excluded by license:gpl-3.0"}),
        (only("owner:acme"), "large", {"small": "not among the included owner:acme"}),
        (only("expert:hosted", "tag:demo"), "small", {"large": "not among the included"}),
    ],
    ids=["tag", "licence", "owner", "expert or tag"],
)
async def test_who_is_shut_out_is_not_scored_and_told(limits, chosen, excluded):
    decision = await Pool().decide(ask(limits=limits))

    assert decision.expert == chosen
    for name, why in excluded.items():
        assert decision.allowed.excluded()[name].startswith(why)
        assert name not in decision.route.scores


async def test_a_named_expert_is_bound_as_well():
    with pytest.raises(LimitsError, match=r"'small' may not answer this request: excluded by"):
        await Pool().decide(ask(model="small", limits=without("tag:demo")))


async def test_a_request_can_only_tighten_what_the_composition_allows():
    pool = Pool(auto={"limits": {"exclude": ["tag:demo"]}})

    assert (await pool.decide(ask())).expert == "large"
    assert (await pool.decide(ask(limits=only("tag:demo", "owner:acme")))).expert == "large"
    with pytest.raises(LimitsError):
        await pool.decide(ask(limits=only("tag:demo")))


NEEDS = {
    "log-probabilities": (ask(sampling=Sampling(top_logprobs=2)), {"hosted": "tell log-prob"}),
    "a form": (ask(structure=JSON), {}),
    "a form and tools": (
        ask(chat=chat(tools=(TOOL,), tool_choice="none"), structure=JSON),
        {"small": "keep to a response_format while it has tools"},
    ),
    "tools": (ask(chat=chat(tools=(TOOL,))), {"small": "call tools"}),
}


@pytest.mark.parametrize(("query", "unable"), NEEDS.values(), ids=NEEDS)
async def test_who_cannot_do_what_a_request_needs_is_left_out(query, unable):
    decision = await Pool().decide(query)

    told = decision.allowed.excluded()
    assert set(told) == {"vectors", *unable}
    assert all(told[name].startswith(f"it does not {what}") for name, what in unable.items())


async def test_what_nobody_can_do_is_refused_by_its_name():
    lacking = {name: {"lacks": ["logprobs"]} for name in ("small", "large")}

    with pytest.raises(UnsupportedParameterError, match="no expert of this registry can") as caught:
        await Pool(experts=lacking).decide(ask(sampling=Sampling(top_logprobs=0)))

    assert caught.value.param == "logprobs"


async def test_our_own_vllm_reads_no_images_whatever_the_registry_says():
    picture = Message(role="user", content=(ImagePart(url="https://a/b.png"),))
    pool = Pool(experts={name: {"modalities": ["text", "image"]} for name in ("small", "hosted")})

    decision = await pool.decide(ask(chat=Chat(messages=(picture,))))

    assert decision.expert == "hosted"


async def test_a_loop_of_tools_stays_with_who_calls_them_when_no_more_are_to_be_called():
    call = ToolCall(id="1", name="search", arguments="{}")
    turns = (
        *chat().messages,
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", content=(TextPart(text="found"),), tool_call_id="1"),
    )

    first = await Pool().decide(ask(chat=chat(tools=(TOOL,))))
    last = await Pool().decide(ask(chat=Chat(messages=turns, tools=(TOOL,), tool_choice="none")))

    assert first.expert == last.expert == "large"


async def test_a_prompt_that_an_expert_may_not_hold_goes_where_it_surely_fits():
    # 1,000 characters are 125 to 409 tokens; small has 512 and keeps 256 for the answer.
    decision = await Pool().decide(ask("x" * 1000))

    assert decision.expert == "large"
    assert "512 tokens may not hold 125 to 409" in decision.allowed.excluded()["small"]


async def test_a_shorter_answer_leaves_room_for_a_longer_prompt():
    decision = await Pool().decide(ask("x" * 1000, sampling=Sampling(max_tokens=64)))

    assert decision.expert == "small"


async def test_where_nobody_surely_holds_a_prompt_those_are_asked_that_may():
    pool = Pool(order=("small",))

    assert (await pool.decide(ask("x" * 1000, limits=only("tag:demo")))).expert == "small"


async def test_a_prompt_that_nobody_holds_is_refused_with_who_holds_most():
    limits = only("tag:demo", "expert:hosted")

    with pytest.raises(ContextTooLongError, match=r"of 'hosted', which holds most, its context"):
        await Pool().decide(ask("x" * 2**20, limits=limits))


async def test_who_cannot_be_reached_is_left_out_while_somebody_can():
    pool = Pool(engine=SeeingEngine(dead={"small": "no slot hosts it"}))

    decision = await pool.decide(ask())

    assert decision.expert == "large"
    assert decision.allowed.excluded()["small"] == "no slot hosts it"


async def test_where_nobody_can_be_reached_dispatch_may_try():
    dead = dict.fromkeys(("small", "large", "hosted"), "gone")

    assert (await Pool(engine=SeeingEngine(dead=dead)).decide(ask())).expert == "small"


#: 2 characters in a turn are 74 tokens at most; without max_tokens an answer has 256.
CAPS = {
    "price": (Limits(max_price_usd=0.001), {"large": "0.002634 USD", "hosted": "not in the reg"}),
    "energy": (Limits(max_energy_j=300.0), {"large": "2567 J", "hosted": "not in the registry"}),
    "latency": (Limits(max_latency_s=2.0), {"small": "it may take 3 s, over max_latency_s 2"}),
}


@pytest.mark.parametrize(("limits", "left_out"), CAPS.values(), ids=CAPS)
async def test_who_may_spend_more_than_a_cap_is_left_out(limits, left_out):
    engine = SeeingEngine(takes_s={"small": 3.0})

    told = (await Pool(engine=engine).decide(ask(limits=limits))).allowed.excluded()

    assert set(told) == {"vectors", *left_out}
    assert all(words in told[name] for name, words in left_out.items())


async def test_every_answer_that_is_asked_for_counts():
    limits = Limits(max_energy_j=300.0)

    with pytest.raises(LimitsError, match=r"the nearest is 'small' with 512\.7 J"):
        await Pool().decide(ask(limits=limits, sampling=Sampling(n=2)))


async def test_a_price_that_nobody_keeps_is_refused_with_the_nearest():
    limits = Limits(max_price_usd=1e-6, exclude=frozenset({"expert:small"}))

    with pytest.raises(LimitsError, match=r"max_price_usd 1e-06: the nearest is 'large'") as caught:
        await Pool().decide(ask(limits=limits))

    assert caught.value.param == "max_price_usd"


async def test_a_price_is_kept_where_every_letter_is_a_token():
    letters, limits = "a" * 1000, Limits(max_price_usd=0.001)

    with pytest.raises(LimitsError, match=r"the nearest is 'large' with 0\.001082 USD"):
        await Pool().decide(
            ask(letters, model="large", limits=limits, sampling=Sampling(max_tokens=1))
        )


async def test_a_cap_on_what_nobody_knows_is_refused():
    limits = Limits(max_price_usd=1.0, include=(frozenset({"expert:hosted"}),))

    with pytest.raises(LimitsError, match=r"what \['hosted'\] take in USD is not in the registry"):
        await Pool().decide(ask(limits=limits))


async def test_a_time_that_nobody_keeps_may_be_kept_later():
    engine = SeeingEngine(takes_s={"small": 5.0, "large": 3.0, "hosted": 4.0})

    with pytest.raises(OverloadedError, match="'large' with 3 s") as caught:
        await Pool(engine=engine).decide(ask(limits=Limits(max_latency_s=1.0)))

    assert caught.value.retry_after_s == 2.0


async def test_caps_bind_a_named_expert_and_one_that_embeds():
    programs = Pool().programs()

    with pytest.raises(LimitsError, match="max_price_usd"):
        await programs.decide(ask(model="large", limits=Limits(max_price_usd=1e-9)))
    with pytest.raises(LimitsError, match="'vectors' may not answer"):
        programs.embedder("vectors").decide(_texts(without("expert:vectors")))
    with pytest.raises(LimitsError, match="max_energy_j"):
        programs.embedder("vectors").decide(_texts(Limits(max_energy_j=1.0)))


def _texts(limits: Limits):
    return EmbedQuery(id="e", model="vectors", inputs=(Text(text="hi"),), limits=limits)


async def test_what_an_answer_would_take_is_told():
    allowed = (await Pool(engine=SeeingEngine(takes_s={"large": 2.5})).decide(ask())).allowed

    expected = allowed.expected("large")
    assert (expected.price_usd, expected.energy_j) == (
        pytest.approx(2.634e-3),
        pytest.approx(2567.4),
    )
    assert expected.latency_s == 2.5
    assert allowed.expected("hosted").price_usd is None


async def test_made_up_limits_do_not_pile_up():
    programs = Pool().programs()

    for number in range(1500):
        await programs.decide(ask(limits=without(f"tag:{number}")))

    assert (await programs.decide(ask())).expert == "small"


def test_who_is_shut_out_whatever_they_are_to_do():
    admission = Admission(Pool().programs().registry)
    own = Limits(include=(frozenset({"owner:acme"}),), exclude=frozenset({"expert:hosted"}))

    assert admission.shut_out(Limits(max_price_usd=1e-9)) == frozenset()
    assert admission.shut_out(own) == admission.shut_out(own) == {"small", "hosted", "vectors"}


async def test_a_router_that_has_nobody_in_reach_chooses_who_cannot_be_reached_now():
    pool = Pool(engine=SeeingEngine(dead={"small": "its upstream is down"}), order=("small",))

    assert (await pool.decide(ask())).expert == "small"


async def test_a_router_that_has_nobody_at_all_refuses_though_somebody_is_away():
    pool = Pool(engine=SeeingEngine(dead={"small": "its upstream is down"}), order=("nobody",))

    with pytest.raises(InvalidRequestError, match="cannot place this request"):
        await pool.decide(ask())
