"""Entries of routers that go by recorded answers, from the registry to a route."""

import pytest

from orchestrator.errors import RegistryError
from orchestrator.registry.router_answered import BlendRouter, NeighboursRouter, RecallRouter
from orchestrator.routing.building import Routers, quick_to_load
from routers.base import Prompts
from routers.blend_files import write_blend
from routers.neighbour_files import load_neighbours, write_neighbours
from routers.recall import Answer
from routers.recall_files import write_recall
from tests.unit.routers.answering import EXPERTS, carried, two_topics

ASKED = Prompts(texts=["capital 1", "french 2"], candidates=frozenset(EXPERTS))


@pytest.fixture
def folders(tmp_path):
    """Two neighbours routers, a fitted blend of them, and one known answer."""
    for name in ("near", "other"):
        write_neighbours(two_topics(), tmp_path / name, name="static", of=carried())
    loaded = {name: load_neighbours(tmp_path / name) for name in ("near", "other")}
    write_blend(loaded, two_topics(), tmp_path / "both")
    write_recall([Answer(question="french 2", answer="deux")], tmp_path / "known", precision=0.9)
    return tmp_path


def near(folder, **more):
    return NeighboursRouter(kind="neighbours", artifact=str(folder), **more)


def specs(folders, **more):
    return {
        "near": near(folders / "near"),
        "other": near(folders / "other"),
        "known": RecallRouter(kind="recall", artifact=str(folders / "known"), then="both"),
        "both": BlendRouter(kind="blend", routers=("near", "other"), **more),
    }


@pytest.mark.parametrize("fitted", [True, False], ids=["fitted", "given"])
def test_they_are_built_of_one_another_in_any_order(folders, fitted):
    given = {"artifact": str(folders / "both")} if fitted else {"weights": {"near": 1, "other": 3}}

    router = Routers().load(specs(folders, **given))["known"]

    first, second = router.route(ASKED)
    assert (first.chosen, first.answer) == (("clerk",), None)
    assert (second.chosen, second.answer) == (("poet",), "deux")


def test_weights_that_were_fitted_on_other_routers_are_told_with_the_blends_name(folders):
    write_neighbours(two_topics(60), folders / "near", name="static", of=carried())

    with pytest.raises(RegistryError, match=r"router 'both'.*fitted on 'near' of version"):
        Routers().load(specs(folders, artifact=str(folders / "both")))


def test_minilm_is_not_loaded_where_only_what_is_quick_is():
    found = quick_to_load({"slow": near("x", embedder="minilm"), "quick": near("y")})

    assert found.keys() == {"quick"}
