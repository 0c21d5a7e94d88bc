import json

import pytest

from routers.base import Prompts, RouterError, Traits
from routers.recruiter import Recruiting
from routers.skill_cache import SkillCache
from routers.skill_files import load_skill_router
from tests.unit.routers.skilled import write
from tests.unit.routers.test_skill import POOL


def rewrite(path, edit):
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "profiles.json").unlink(), "lacks 'profiles.json'"),
        (lambda f: (f / "profiles.json").write_text("{}"), "'profiles.json' that is not the one"),
        (lambda f: (f / "skills.safetensors").write_bytes(b"x"), "is not the one its manifest"),
        (lambda f: (f / "static.safetensors").unlink(), r"lacks 'static\.safetensors'"),
        (lambda f: rewrite(f / "manifest.json", lambda m: m.update(kind="category")),
         "is of kind 'category', not 'skill'"),
        (lambda f: rewrite(f / "manifest.json", lambda m: m.update(skills=["x", "y", "z"])),
         "has profiles of other experts or skills"),
        (lambda f: rewrite(f / "manifest.json", lambda m: m.update(prior_count=-1)),
         "prior_count"),
    ],
    ids=["no profiles", "edited profiles", "other vectors", "no table", "another kind",
         "other skills", "a strength under zero"],
)  # fmt: skip
def test_a_folder_that_does_not_hold_together_is_refused(tmp_path, damage, message):
    folder = write(tmp_path / "skills")
    damage(folder)

    with pytest.raises(RouterError, match=message) as refused:
        load_skill_router(folder, fallback="general")

    assert "orchestrator fit skill" in str(refused.value)


def test_an_embedder_that_the_folder_was_not_fitted_for_is_refused(tmp_path):
    with pytest.raises(RouterError, match=r"no vectors for 'minilm', only for \['static'\]"):
        load_skill_router(write(tmp_path / "skills"), fallback="general", embedder="minilm")


def test_a_folder_routes_as_what_it_was_written_from(tmp_path):
    cache = SkillCache()
    found = load_skill_router(
        write(tmp_path / "skills"), fallback="general", rule=Recruiting(k=1), named=cache
    )
    cache.remember("cached", ["French"])
    traits = [Traits(skills=("plus",)), Traits(), Traits()]

    routes = found.route(
        Prompts(texts=["told", "cached", "untold"], candidates=POOL, traits=traits)
    )

    assert [route.chosen for route in routes] == [("counter",), ("linguist",), ("general",)]
    assert not found.is_slow


def test_clusters_are_read_from_the_folder(tmp_path):
    found = load_skill_router(write(tmp_path / "skills", are_clusters=True), fallback="general")

    [route] = found.route(Prompts(texts=["french, please"], candidates=POOL))

    assert route.chosen[0] == "linguist"


@pytest.mark.parametrize("skills", [("sum",), None])
def test_every_route_says_who_merges_best(tmp_path, skills):
    router = load_skill_router(write(tmp_path, aggregator="mapper"), fallback="general")

    [route] = router.route(Prompts(texts=["x"], candidates=POOL, traits=[Traits(skills=skills)]))

    assert route.aggregator == "mapper"
