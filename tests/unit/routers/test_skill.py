import numpy as np
import pytest

from routers.base import Prompts, RouterError, Traits
from routers.clusters import Clusters
from routers.feedback import Tally
from routers.nearest_skill import NearestSkill
from routers.recruiter import Recruiter, Recruiting
from routers.skill import SkillRouter
from routers.skill_cache import SkillCache
from tests.unit.routers.small import embedding
from tests.unit.routers.test_recruiter import EXPERTS, profiles

POOL = frozenset({*EXPERTS, "general"})


def router(*, named=None, clusters=None, **rule):
    known = profiles()
    recruiter = Recruiter(
        profiles=known,
        prior_count=5.0,
        rule=Recruiting(trim="standing", **rule),
        nearest=NearestSkill.of(known.skills, embedding()),
    )
    cache = named or SkillCache()
    return SkillRouter(
        version="t", recruiter=recruiter, fallback="general", named=cache, clusters=clusters
    )


def routed(found, *, skills=None, text="x", candidates=POOL, seed=0):
    traits = Traits(skills=skills, seed=seed)
    [route] = found.route(Prompts(texts=[text], candidates=candidates, traits=[traits]))
    return route


def test_no_candidate_is_refused():
    with pytest.raises(RouterError, match="no candidate is left"):
        routed(router(), skills=("sum",), candidates=frozenset())


@pytest.mark.parametrize("mode", ["paper", "released", "top_k"])
def test_the_expert_of_a_told_skill_answers(mode):
    route = routed(router(mode=mode), skills=("sum",))

    assert (route.chosen[0], route.skills, route.category) == ("counter", ("sum",), "sum")
    assert not route.is_fallback
    assert set(route.scores) == POOL


def test_a_question_whose_skills_nobody_named_needs_a_model_to_name_them():
    route = routed(router())

    assert (route.chosen, route.is_fallback, route.needs_generation) == (("general",), True, True)
    assert "nobody has named the skills of this question" in route.reasons[0]


def test_what_was_named_once_is_known_from_then_on():
    cache = SkillCache()
    found = router(named=cache)

    cache.remember("What is two and two?", ["sum"])

    assert routed(found, text="What is two and two?").chosen[0] == "counter"
    assert routed(found, text="What is two and three?").needs_generation


@pytest.mark.parametrize("skills", [(), ("zzz",), ("\ud800",), ("",)])
def test_skills_that_say_nothing_go_to_the_general_expert(skills):
    route = routed(router(), skills=skills)

    assert (route.chosen, route.is_fallback, route.needs_generation) == (("general",), True, False)


def test_a_general_expert_that_may_not_answer_is_replaced_by_the_best():
    route = routed(router(), candidates=frozenset({"counter", "guesser"}))

    assert route.chosen == ("counter",)
    assert "'general' is not a candidate" in route.reasons[1]


def test_candidates_that_nobody_measured_leave_the_general_expert():
    route = routed(router(), skills=("sum",), candidates=frozenset({"general", "new"}))

    assert (route.chosen, route.is_fallback) == (("general",), True)
    assert "no candidate was measured" in route.reasons[0]


def test_a_draw_takes_any_seed_of_a_caller():
    route = routed(router(mode="paper"), skills=("sum",), seed=-(2**63))

    assert len(route.chosen) == 3


def test_texts_of_one_call_are_routed_as_they_are_alone():
    texts, traits = ["a", "b"], [Traits(skills=("sum",), seed=3), Traits()]
    drawn = router(mode="paper")

    both = drawn.route(Prompts(texts=texts, candidates=POOL, traits=traits))

    alone = [routed(drawn, skills=it.skills, seed=it.seed, text=text)
             for text, it in zip(texts, traits, strict=True)]  # fmt: skip
    assert both == alone


def test_who_is_rarely_used_on_all_questions_is_replaced_in_a_single_one():
    # At a seventh of the slots everyone is rare but the expert of the skill that is asked most.
    drawn = [routed(router(mode="paper", trim_share=share), skills=("french",), seed=1)
             for share in (0.0, 0.3)]  # fmt: skip

    assert "linguist" in drawn[0].chosen
    assert "rarely used and replaced: ['guesser']" in drawn[1].reasons


def test_clusters_are_read_from_the_question_itself():
    clusters = Clusters(
        names=("capital", "sum"),
        centres=np.eye(3, dtype=np.float32)[[0, 2]],
        embedder=embedding(),
    )
    found = router(clusters=clusters)

    assert routed(found, text="plus of plus").chosen[0] == "counter"
    assert routed(found, text="nothing known").is_fallback
    assert not routed(found, text="nothing known").needs_generation


def test_what_callers_say_moves_the_choice_and_is_told_by_the_version():
    found = router()
    said = {("sum", "counter"): 40.0}
    tally = Tally(asked=said, right={("sum", "counter"): 0.0}, max_share=1.0)

    corrected = found.corrected(tally)

    assert routed(found, skills=("sum",)).chosen[0] == "counter"
    assert routed(corrected, skills=("sum",)).scores["counter"] < 0.6
    assert corrected.version == f"t~{tally.version}"
    assert found.corrected(Tally()) is found
