"""From what is asked to a recipe, or to what is wrong with it."""

import pytest

from orchestrator.errors import MergeError
from orchestrator.merging.plan import Asked, ByRouter, plan
from orchestrator.registry.engine_entry import FakeEngine
from orchestrator.registry.models import Expert, Registry
from orchestrator.registry.routers import CategoryRouter
from orchestrator.registry.surroundings import Surroundings
from tests.unit.merging.small import adapter, sibling


@pytest.fixture
def registry(tmp_path):
    siblings = [sibling(tmp_path, name, seed=at) for at, name in enumerate(("left", "right"))]
    adapters = [adapter(tmp_path, name, base="left") for name in ("tone", "format")]
    router = CategoryRouter(kind="category", artifact=str(tmp_path / "none"), fallback="left")
    return Registry(
        experts=(
            *(source.expert for source in (*siblings, *adapters)),
            Expert(id="remote", engine=FakeEngine(kind="fake")),
            Expert(id="far", model="org/name"),
        ),
        routers={"topic": router},
    )


@pytest.fixture
def planned(registry, tmp_path):
    def make(*experts, **fields):
        asked = Asked(id="merged", experts=experts, **fields)
        return plan(asked, registry, Surroundings(folder=tmp_path))

    return make


ASKED = ByRouter(name="topic", prompts=("x",), origin="one request")


@pytest.mark.parametrize(
    ("experts", "fields", "fault"),
    [
        (["left"], {}, "two experts or more; only left named"),
        (["left", "left"], {}, "'left' is named twice"),
        (["left", "rihgt"], {}, "'rihgt' is not in the registry.*did you mean 'right'"),
        (["left", "remote"], {}, "'remote' runs on fake"),
        (["left", "far"], {}, "'far': 'org/name' is no folder here; .* models pull far"),
        (["left", "tone"], {}, "'tone' is an adapter.*'average'"),
        (["left", "right"], {"method": "blend"}, "'left' is no adapter.*'blend'"),
        (["tone", "format"], {"method": "twin"}, "'tone' is an adapter.*'twin'"),
        (["left", "right"], {"rank": 3}, "--rank is for"),
        (["left", "right"], {"method": "twin", "rank": 0}, "rank 0 is no rank"),
        (["left", "right"], {"shared": "left"}, "--shared is for the method 'twin'"),
        (["left", "right"], {"weights": (1.0,)}, "1 weights for 2 experts"),
        (["left", "right"], {"weights": (0.7, 0.7)}, "sum to 1.4.*as shares: 0.5,0.5"),
        (["left", "right"], {"weights": (0.0, 0.0)}, "sum to 0, and"),
        (["left", "right"], {"weights": (1.5, -0.5)}, "not negative"),
        (["left", "right"], {"weights": (float("nan"), 1.0)}, "finite"),
        (["left", "right"], {"weights": ByRouter(name="t", prompts=("x",), origin="")},
         "router 't' is not in the registry; known: topic"),
        (["left", "right"], {"weights": ASKED}, "router 'topic' cannot be used"),
    ],
)  # fmt: skip
def test_what_cannot_be_merged_is_said(planned, experts, fields, fault):
    with pytest.raises(MergeError, match=fault):
        planned(*experts, **fields)


def test_a_name_that_is_none_is_refused_before_anything_is_read(registry, tmp_path):
    asked = Asked(id="a b", experts=("left", "right"))

    with pytest.raises(MergeError, match="'a b' cannot be an expert"):
        plan(asked, registry, Surroundings(folder=tmp_path))


def test_siblings_are_averaged_in_equal_shares_unless_asked_otherwise(planned):
    recipe = planned("right", "left")

    assert recipe.method == "average"
    assert recipe.weights.values == (0.5, 0.5)
    assert [source.id for source in recipe.sources] == ["right", "left"]


def test_adapters_are_blended_by_any_finite_weights(planned, tmp_path):
    recipe = planned("tone", "format", weights=(1.0, -0.5), rank=2)

    assert (recipe.method, recipe.weights.values, recipe.rank) == ("blend", (1.0, -0.5), 2)
    assert recipe.base_folder == tmp_path / "left"


def test_a_twin_merge_may_weigh_by_more_than_one(planned):
    recipe = planned("left", "right", method="twin", weights=(1.0, 1.0), shared="left")

    assert recipe.weights.values == (1.0, 1.0)
    assert recipe.shared is not None
