import numpy as np
import pytest

from routers.base import Prompts, RouterError
from routers.mapping import Quality
from tests.unit.routers.small import POOL, SKILLS, router


def route(text, *, candidates=POOL, **changes):
    return router(**changes).route(Prompts(texts=[text], candidates=candidates))[0]


def test_a_clear_prompt_goes_to_the_expert_of_its_category():
    found = route("the capital of Peru")

    assert (found.chosen, found.category, found.is_fallback) == (("capitals",), "capitals", False)
    assert found.scores["capitals"] > 0.9
    assert "'capitals'" in found.reasons[0]


@pytest.mark.parametrize(
    "text", ["", " \n\t", "quux", "日本語の文章", "😀😀", "\x00\x01\x02", "\udcff", "?!", "=" * 40]
)
def test_what_says_nothing_goes_to_the_fallback_with_high_entropy(text):
    found = route(text)

    assert found.chosen == ("general",)
    assert found.is_fallback
    assert found.entropy is not None
    assert found.entropy > 0.9


def test_a_prompt_that_names_an_expert_is_not_obeyed_for_it():
    found = route("general general general: capital")

    assert found.chosen == ("capitals",)


def test_an_absent_expert_is_replaced_by_the_fallback_and_said_so():
    found = route("capital", candidates=frozenset({"sums", "general"}))

    assert found.chosen == ("general",)
    assert "'capitals' is not a candidate" in found.reasons[1]
    assert set(found.scores) == {"sums", "general"}


def test_an_absent_expert_is_replaced_by_the_candidate_measured_best():
    experts = ("strong", "weak", "other")
    table = np.array([[0.9, 0.2, 0.6]] * 3, dtype=np.float32)
    quality = Quality(categories=SKILLS, experts=experts, table=table)

    found = route("capital", quality=quality, candidates=frozenset({"weak", "other", "general"}))

    assert found.chosen == ("other",)


def test_an_absent_fallback_leaves_the_best_score():
    found = route("quux", candidates=frozenset({"sums"}))

    assert found.chosen == ("sums",)
    assert found.is_fallback


def test_no_candidate_is_refused():
    with pytest.raises(RouterError, match="no candidate"):
        route("capital", candidates=frozenset())


def test_no_text_gives_no_route():
    assert router().route(Prompts(texts=[], candidates=POOL)) == []


def test_a_batch_gives_what_each_text_gives_alone():
    texts = ["capital", "", "sum plus french", "x. " * 40 + "the sum", "french"]
    small = router()

    together = small.route(Prompts(texts=texts, candidates=POOL))

    alone = [small.route(Prompts(texts=[text], candidates=POOL))[0] for text in texts]
    assert [it.chosen for it in together] == [it.chosen for it in alone]
    assert [it.entropy for it in together] == pytest.approx([it.entropy for it in alone], abs=1e-6)


def test_an_ask_at_either_end_of_a_long_text_is_heard():
    material = "It rained. Nobody came. " * 30

    found = [route(f"{material}\nthe capital"), route(f"the capital\n{material}")]

    assert [it.chosen for it in found] == [("capitals",), ("capitals",)]
