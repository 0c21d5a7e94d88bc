import json

import numpy as np
import pytest

from routers.base import Prompts, RouterError
from routers.datasets import Answered, Example
from routers.fit_neighbours import fit_kernel, groups_of
from routers.neighbour_files import REFERENCES, load_neighbours, write_neighbours
from routers.neighbours import MAX_REFERENCES
from routers.sealed import tensors_blob
from tests.unit.routers.answering import EXPERTS, carried, two_topics


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("near")
    write_neighbours(two_topics(), path, name="static", of=carried())
    return path


def asked(*texts, candidates=EXPERTS):
    return Prompts(texts=texts, candidates=frozenset(candidates))


def test_a_prompt_goes_to_who_was_right_on_its_neighbours(folder):
    routes = load_neighbours(folder).route(asked("capital of x", "french of x"))

    assert [route.chosen for route in routes] == [("clerk",), ("poet",)]
    assert "the nearest at 1.00, let 'clerk' be right" in routes[0].reasons[0]


def test_a_prompt_unlike_all_known_goes_to_the_fallback(folder):
    [route] = load_neighbours(folder, fallback="poet").route(asked("plus"))

    assert route.chosen == ("poet",)
    assert route.is_fallback
    assert "unlike all 40" in route.reasons[0]


def test_without_a_fallback_the_best_overall_answers_what_is_unlike_all(folder):
    [route] = load_neighbours(folder, fallback="gone").route(asked("plus"))

    assert route.is_fallback
    assert route.chosen[0] in EXPERTS
    assert "'gone' is not a candidate" in route.reasons[1]


def test_only_candidates_are_scored_and_one_never_asked_is_the_last_choice(folder):
    [route] = load_neighbours(folder).route(asked("french", candidates=("clerk", "new")))

    assert route.scores.keys() == {"clerk", "new"}
    assert route.chosen == ("clerk",)


@pytest.mark.parametrize("text", ["", " \n", "\x00\xff", "日本語", "\ud800", "x" * 1_000_000])
def test_any_text_is_routed(folder, text):
    [route] = load_neighbours(folder).route(asked(text))

    assert route.chosen[0] in EXPERTS


def test_nobody_to_choose_from_is_an_error_and_no_texts_are_no_routes(folder):
    router = load_neighbours(folder)

    assert router.route(asked()) == []
    with pytest.raises(RouterError, match="no candidate"):
        router.route(asked("x", candidates=()))


def test_the_metrics_are_of_questions_left_out_beside_the_best_single_expert(folder):
    metrics = json.loads((folder / "manifest.json").read_text())["metrics"]

    assert metrics["quality"] == 1.0
    assert metrics["best_single"] == metrics["random"] == 0.5
    assert metrics["oracle"] == 1.0


def test_the_same_questions_fit_the_same_folder(folder, tmp_path):
    write_neighbours(two_topics(), tmp_path, name="static", of=carried())

    assert load_neighbours(tmp_path).version == load_neighbours(folder).version


def test_an_edited_folder_is_refused(folder, tmp_path):
    write_neighbours(two_topics(), tmp_path, name="static", of=carried())
    (tmp_path / REFERENCES).write_bytes(tensors_blob({"vectors": np.ones((1, 3))}))

    with pytest.raises(RouterError, match=r"is not the one its manifest names.*fit neighbours"):
        load_neighbours(tmp_path)


def test_a_folder_of_another_embedder_is_refused(folder):
    with pytest.raises(RouterError, match="was fitted with embedder 'static', not 'minilm'"):
        load_neighbours(folder, embedder="minilm")


def test_more_questions_than_a_router_holds_are_drawn_from(tmp_path):
    num = MAX_REFERENCES + 50

    manifest = write_neighbours(two_topics(num), tmp_path, name="static", of=carried())

    assert manifest.num_references == MAX_REFERENCES


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        pytest.param(two_topics(10), "10 questions; a fit takes 20 or more", id="few"),
        pytest.param(
            Answered(
                examples=tuple(Example(id=str(i), prompt="same") for i in range(30)),
                experts=EXPERTS,
                scores=np.ones((30, 2)),
            ),
            "all 30 questions are of one group or text",
            id="one text",
        ),
        pytest.param(
            Answered(
                examples=two_topics().examples,
                experts=EXPERTS,
                scores=np.where(np.arange(40)[:, None] == 7, np.nan, 1.0) * np.ones((40, 2)),
            ),
            r"1 questions have no outcome, such as \['7'\]",
            id="unasked",
        ),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused(table, fault):
    vectors = np.ones((len(table.examples), 3), dtype=np.float32)

    with pytest.raises(RouterError, match=fault):
        fit_kernel(vectors, table)


def test_one_expert_that_is_always_right_stays_chosen():
    dice = np.random.default_rng(0)
    vectors = dice.standard_normal((200, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = np.stack([dice.random(200) < 0.8, dice.random(200) < 0.5], axis=1).astype(float)
    examples = tuple(Example(id=str(i), prompt=str(i)) for i in range(200))

    fitted = fit_kernel(vectors, Answered(examples=examples, experts=EXPERTS, scores=scores))

    # Neighbours say nothing here, so the fit must lose next to nothing to the best single expert.
    assert fitted.metrics["quality"] >= fitted.metrics["best_single"] - 0.02


def test_questions_of_one_group_or_one_text_are_left_out_together():
    examples = [
        Example(id="1", prompt="a", group="g"),
        Example(id="2", prompt="b", group="g"),
        Example(id="3", prompt="Same  text"),
        Example(id="4", prompt="same text"),
        Example(id="5", prompt="g"),
    ]

    one, two, three, four, five = groups_of(examples).tolist()

    assert one == two
    assert three == four
    assert len({one, three, five}) == 3
