"""The first rule that holds decides."""

import pytest

from routers.base import Prompts, RouterError, Traits
from routers.patterns import any_word, compiled
from routers.rules import Range, Rule, RulesRouter, When
from routers.targets import Target
from tests.unit.routers.always import Always

ALL = frozenset({"sums", "code", "vision", "general"})


def rule(expert=None, *, router=None, name="it", **when):
    return Rule(name=name, when=When(**when), target=Target(expert=expert, router=router))


def rules(*given, otherwise=None, **routers):
    return RulesRouter(
        version="1", rules=given, otherwise=otherwise or Target(expert="general"), routers=routers
    )


def asked(*texts, candidates=ALL, **traits):
    told = [Traits(**traits)] * len(texts)
    return Prompts(texts=texts, candidates=frozenset(candidates), traits=told)


def chosen(router, *texts, **rest):
    return [route.chosen[0] for route in router.route(asked(*texts, **rest))]


def test_where_nothing_may_be_chosen_the_error_says_what_was_tried():
    router = rules(rule("sums", name="maths", found=(any_word(["add"]),)))

    with pytest.raises(RouterError) as caught:
        router.route(asked("add 3", candidates={"code"}))

    assert str(caught.value) == (
        "rule 'maths' holds; its expert 'sums' is not a candidate; no rule decides; "
        "its expert 'general' is not a candidate"
    )


def test_the_first_rule_that_holds_decides_and_is_named():
    router = rules(
        rule("code", name="python", found=(any_word(["def"]),)),
        rule("sums", name="digits", found=(compiled("[0-9]"),)),
        rule("code", name="late", found=(compiled("[0-9]"),)),
    )

    (route,) = router.route(asked("what is 3"))

    assert (route.chosen, route.is_fallback) == (("sums",), False)
    assert route.reasons == ("rule 'digits' holds", "its expert is 'sums'")


def test_where_no_rule_holds_it_is_a_fallback():
    (route,) = rules(rule("sums", has_tools=True)).route(asked("hello"))

    assert (route.chosen, route.is_fallback) == (("general",), True)
    assert route.reasons == ("no rule decides", "its expert is 'general'")


def test_an_expert_that_is_no_candidate_leaves_it_to_the_next_rule():
    router = rules(rule("code", name="a"), rule("sums", name="b"))

    (route,) = router.route(asked("x", candidates={"sums", "general"}))

    assert route.chosen == ("sums",)
    assert "its expert 'code' is not a candidate" in route.reasons


def test_a_router_that_finds_nobody_leaves_it_to_the_next_rule():
    router = rules(rule(router="inner"), rule("sums"), inner=Always("code"))

    (route,) = router.route(asked("x", candidates={"sums"}))

    assert route.chosen == ("sums",)
    assert "router 'inner' finds no expert: code is no candidate" in route.reasons


def test_several_conditions_must_hold_together():
    both = rules(rule("sums", found=(any_word(["add"]), compiled("[0-9]")), has_tools=False))

    assert chosen(both, "add 3", "add", "3") == ["sums", "general", "general"]
    assert chosen(both, "add 3", has_tools=True) == ["general"]


@pytest.mark.parametrize(
    ("when", "traits", "holds"),
    [
        ({"has_tools": True}, {"has_tools": True}, True),
        ({"has_tools": True}, {}, False),
        ({"modality": "image"}, {"modalities": frozenset({"image"})}, True),
        ({"modality": "image"}, {}, False),
        ({"modality": "text"}, {}, True),
        ({"modality": "text"}, {"modalities": frozenset({"image"})}, False),
        ({"found_in_system": (compiled("^Tutor"),)}, {"system": "Tutor of maths"}, True),
        ({"found_in_system": (compiled("^Tutor"),)}, {}, False),
    ],
)
def test_what_a_request_carries_decides(when, traits, holds):
    assert chosen(rules(rule("code", **when)), "x", **traits) == ["code" if holds else "general"]


@pytest.mark.parametrize(
    ("least", "most", "num_chars", "holds"),
    [(3, 5, 2, False), (3, 5, 3, True), (3, 5, 5, True), (3, 5, 6, False), (3, None, 10**6, True)],
)
def test_lengths_include_their_bounds(least, most, num_chars, holds):
    router = rules(rule("code", num_chars=Range(least=least, most=most)))

    assert chosen(router, "x" * num_chars) == ["code" if holds else "general"]


@pytest.mark.parametrize(
    ("text", "num_tokens"),
    [
        ("", 0),
        ("four", 1),
        ("fours", 2),
        ("x" * 4000, 1000),
        ("首都首都", 3),
        ("x" * 10**6, 250_000),
    ],
)
def test_a_token_is_about_four_bytes(text, num_tokens):
    exactly = rules(rule("code", num_tokens=Range(least=num_tokens, most=num_tokens)))

    assert chosen(exactly, text) == ["code"]


def test_the_length_of_the_whole_prompt_counts_where_the_text_is_a_part():
    router = rules(rule("code", num_chars=Range(least=1000)))

    assert chosen(router, "short end of a long talk", num_chars=50_000) == ["code"]


def test_a_router_is_named_as_the_one_that_chose():
    router = rules(rule(router="inner"), inner=Always("code"))

    (route,) = router.route(asked("x"))

    assert (route.chosen, route.chosen_by, route.is_fallback) == (("code",), "inner", False)
    assert route.reasons[:2] == ("rule 'it' holds", "router 'inner' is asked")


def test_it_is_as_slow_as_its_slowest_router():
    assert not rules(rule("code")).is_slow
    assert rules(rule(router="inner"), inner=Always("code", is_slow=True)).is_slow


def test_each_text_is_decided_by_itself_in_order():
    router = rules(rule("sums", found=(compiled("[0-9]"),)), rule(router="r"), r=Always("code"))

    assert chosen(router, "a", "1", "b", "2") == ["code", "sums", "code", "sums"]
    assert router.routers["r"].asked == ["a", "b"]
