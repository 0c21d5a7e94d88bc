import pytest

from routers.base import RouterError
from routers.discovery import Discovery, discover, unsure
from tests.unit.routers.small import router

COOKING = [
    f"how do I bake a cake with {it}" for it in ("jam", "rum", "nuts", "figs", "oats", "rye")
]
BIKES = [f"fix the brake of my {it} bicycle" for it in ("old", "red", "new", "big", "dear", "slow")]
STRAY = ["xylophone", "quantum zoo", "12345", "日本語"]
SETTINGS = Discovery(min_size=4)


def found(texts, **changes):
    return discover(router(**changes), texts, settings=SETTINGS)


def test_prompts_that_are_alike_become_one_proposal_the_largest_first():
    first, second = found([*COOKING[:5], *STRAY, *BIKES])

    assert (set(first.texts), set(second.texts)) == (set(BIKES), set(COOKING[:5]))
    assert [first.name, second.name] == ["new-1", "new-2"]
    assert first.size == 6


def test_a_proposal_says_how_close_it_is_and_in_which_words():
    first, _ = found([*COOKING, *STRAY, *BIKES[:4]])

    assert 0.4 < first.cohesion <= 1
    assert {"bake", "cake"} <= set(first.keywords)
    assert "fix" not in first.keywords


def test_what_is_like_nothing_else_is_in_no_proposal():
    assert {text for one in found([*COOKING, *STRAY]) for text in one.texts} == set(COOKING)


def test_only_unsure_prompts_are_asked_about_each_once():
    texts = ["the capital", "", "  ", "sum", *COOKING[:2], COOKING[0]]

    assert unsure(router(), texts) == COOKING[:2]


def test_too_few_prompts_are_refused_with_what_is_missing():
    with pytest.raises(RouterError, match="only 3 prompts were unsure; a proposal has 4 or more"):
        found(COOKING[:3])


def test_a_name_that_a_category_has_is_not_given_again():
    quality = router().quality
    taken = type(quality)(
        categories=("new-1", "b", "c"), experts=("e",), table=quality.table[:, :1]
    )

    [one] = found(COOKING, quality=taken)

    assert one.name == "new-2"


def test_a_bounded_number_is_compared_and_evenly_chosen():
    settings = Discovery(min_size=3, max_texts=6)

    [one] = discover(router(), COOKING * 2, settings=settings)

    assert one.size <= 6


def test_a_megabyte_and_binary_are_cut_like_any_prompt():
    assert found([*COOKING, "x" * 1_000_000, "\x00\x01", "\udcff"])[0].size == 6
