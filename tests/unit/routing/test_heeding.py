import pytest

from orchestrator.errors import RegistryError
from orchestrator.registry.router_skill import SkillRouter
from orchestrator.routing.building import Routers, quick_to_load
from routers.base import Prompts, Traits
from routers.feedback import Tally
from tests.unit.routers.skilled import write
from tests.unit.routers.test_skill import POOL
from tests.unit.routing.test_building import gate

BAD = Tally(
    asked={("sum", "counter"): 50.0}, right={("sum", "counter"): 0.0}, max_share=1.0
)  # fmt: skip


@pytest.fixture
def spec(tmp_path):
    folder = write(tmp_path / "skills")
    return SkillRouter(kind="skill", artifact=str(folder), fallback="general", k=1)


def score(router) -> float:
    prompts = Prompts(texts=["x"], candidates=POOL, traits=[Traits(skills=("sum",))])
    return router.route(prompts)[0].scores["counter"]


def test_a_rule_that_cannot_be_kept_names_its_router(spec):
    faulty = spec.model_copy(update={"mode": "paper", "probability": 0.5})

    with pytest.raises(RegistryError, match="router 'skilled' cannot be used: mode 'paper'"):
        Routers().load({"skilled": faulty})


def test_an_unchanged_router_is_shared_by_generations(spec):
    routers = Routers()

    first, second = routers.load({"skilled": spec}), routers.load({"skilled": spec})

    assert first["skilled"] is second["skilled"]


def test_routers_of_one_folder_hear_what_is_said_of_each(spec):
    routers = Routers()
    found = routers.load({"one": spec, "other": spec})
    before = score(found["one"])

    routers.hear({"one": BAD})

    assert score(found["one"]) < before == score(found["other"])


def test_what_is_made_of_a_router_is_the_same_whatever_callers_said_before_it_was_built(spec):
    specs = {"skilled": spec, "gate": gate("skilled")}
    routers = Routers()
    routers.hear({"skilled": BAD})

    heard, unheard = routers.load(specs), Routers().load(specs)

    assert heard["skilled"].version != unheard["skilled"].version
    assert heard["gate"].version == unheard["gate"].version


def test_a_router_that_is_loaded_later_hears_what_was_said(spec):
    routers = Routers()
    routers.hear({"skilled": BAD})

    found = routers.load({"skilled": spec})["skilled"]

    assert score(found) == pytest.approx(score_after(spec))


def score_after(spec) -> float:
    routers = Routers()
    found = routers.load({"skilled": spec})["skilled"]
    routers.hear({"skilled": BAD})
    return score(found)


def test_what_models_named_is_known_to_every_skill_router(spec):
    routers = Routers()
    found = routers.load({"one": spec, "other": spec.model_copy(update={"k": 2})})

    routers.named.remember("text", ["sum"])

    routes = [
        router.route(Prompts(texts=["text"], candidates=POOL))[0] for router in found.values()
    ]
    assert [route.chosen[0] for route in routes] == ["counter", "counter"]


def test_a_router_that_reads_by_minilm_is_not_quick_to_load(spec):
    slow = spec.model_copy(update={"embedder": "minilm"})

    assert list(quick_to_load({"quick": spec, "slow": slow})) == ["quick"]
