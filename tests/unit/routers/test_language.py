"""Languages first, then families, then the rest."""

from dataclasses import dataclass, field

import pytest

from routers.base import Prompts, RouterError
from routers.language import LanguageRouter
from routers.targets import Target
from tests.unit.routers.always import Always

ALL = frozenset({"french", "roman", "saxon", "general"})


@dataclass(frozen=True)
class Says:
    """A detector that has made up its mind."""

    shares: dict = field(default_factory=dict)

    def probabilities(self, _):
        return self.shares


def router(shares, *, otherwise=None, routers=None, **more):
    languages = {"fr": Target(expert="french")} | more.pop("languages", {})
    return LanguageRouter(
        version="1",
        detector=Says(shares),
        languages=languages,
        families={"romance": Target(expert="roman"), "germanic": Target(expert="saxon")},
        otherwise=otherwise or Target(expert="general"),
        min_confidence=0.7,
        routers=routers or {},
    )


def routed(shares, candidates=ALL, **more):
    (route,) = router(shares, **more).route(Prompts(texts=["x"], candidates=frozenset(candidates)))
    return route


def test_where_nobody_may_be_chosen_the_error_says_what_was_tried():
    with pytest.raises(RouterError) as caught:
        routed({"fr": 0.9, "oc": 0.1}, candidates={"saxon"})

    assert str(caught.value) == (
        "language 'fr' (90%); its expert 'french' is not a candidate; "
        "language family 'romance' (100%); its expert 'roman' is not a candidate; "
        "neither language nor family decides; its expert 'general' is not a candidate"
    )


@pytest.mark.parametrize(
    ("shares", "expert", "category"),
    [
        pytest.param({"fr": 0.9}, "french", "fr", id="its language"),
        pytest.param({"fr": 0.7}, "french", "fr", id="just sure enough"),
        pytest.param({"es": 0.8}, "roman", "es", id="a language of its family"),
        pytest.param({"gl": 0.4, "pt": 0.4}, "roman", None, id="0.4 + 0.4 of its family"),
        pytest.param({"fr": 0.4, "es": 0.4}, "roman", None, id="unsure between two of a family"),
        pytest.param({"fr": 0.5, "de": 0.5}, "general", None, id="unsure between families"),
        pytest.param({"ja": 1.0}, "general", "ja", id="a language of nobody"),
        pytest.param({"sq": 1.0}, "general", "sq", id="a language of no family"),
        pytest.param({}, "general", None, id="no letters"),
    ],
)
def test_language_then_family_then_the_rest(shares, expert, category):
    route = routed(shares)

    assert (route.chosen, route.category) == ((expert,), category)
    assert route.is_fallback is (expert == "general")


def test_reasons_say_how_sure_it_was():
    assert routed({"fr": 0.5, "de": 0.5}).reasons == (
        "unsure: likeliest language 'fr' (50%), under 70%",
        "neither language nor family decides",
        "its expert is 'general'",
    )


def test_who_cannot_take_it_leaves_it_to_the_family():
    route = routed({"fr": 1.0}, candidates={"roman", "general"})

    assert route.chosen == ("roman",)
    assert "its expert 'french' is not a candidate" in route.reasons


def test_scores_are_the_shares_of_the_languages_an_expert_would_take():
    route = routed({"fr": 0.75, "it": 0.125, "de": 0.0625, "ja": 0.0625})

    assert route.scores == {"french": 0.75, "roman": 0.125, "saxon": 0.0625, "general": 0.0625}


def test_a_language_may_be_left_to_a_router():
    inner = Always("saxon")

    route = routed({"en": 0.9}, languages={"en": Target(router="topic")}, routers={"topic": inner})

    assert (route.chosen, route.chosen_by, route.category) == (("saxon",), "topic", "en")


def test_the_rest_may_be_left_to_a_router():
    route = routed({}, otherwise=Target(router="topic"), routers={"topic": Always("saxon")})

    assert (route.chosen, route.chosen_by, route.is_fallback) == (("saxon",), "topic", False)


def test_no_prompts_are_no_routes():
    assert router({}).route(Prompts(texts=[], candidates=ALL)) == []
