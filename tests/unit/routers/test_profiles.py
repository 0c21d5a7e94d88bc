import json

import numpy as np
import pytest

from routers.base import RouterError
from routers.profile_files import ProfileManifest, read_profiles, write_profiles
from routers.profiles import count_answers, merge

NAN = float("nan")


def measured(right, skills, experts=("a", "b"), source="s1"):
    return count_answers(np.array(right), skills, experts=experts, data_sha256=source)


def small(source="s1"):
    """Two questions: `sums` asked of both, `french` and `sums` of `a` alone."""
    return measured([[1, 0], [1, NAN]], [["sums"], ["french", "sums"]], source=source)


@pytest.mark.parametrize(
    ("right", "skills", "experts", "message"),
    [
        ([[1, 0]], [["x"], ["y"]], ["a", "b"], r"shape \[1, 2\], but there are 2 questions"),
        ([[1, 0]], [["x"]], ["a", "a"], "1 different experts"),
        ([[1, 2]], [["x"]], ["a", "b"], "row 0: expert 'b' has grade 2.0"),
        ([[1, NAN]], [["x"]], ["a", "b"], r"\['b'\] have no grade"),
    ],
    ids=["a row too few", "an expert twice", "a grade over one", "an expert never asked"],
)
def test_bad_grades_are_refused(right, skills, experts, message):
    with pytest.raises(RouterError, match=message):
        measured(right, skills, experts)


def test_a_question_counts_for_each_of_its_skills_and_once_overall():
    found = small()

    assert found.skills == ("french", "sums")
    assert found.asked.tolist() == [[1, 0], [2, 1]]
    assert found.asked_overall.tolist() == [2, 1]


def test_right_is_one_more_and_wrong_one_less():
    assert small().signed().tolist() == [[1, 0], [2, -1]]


def test_an_expert_measured_on_easier_questions_gains_nothing():
    # b answers the easy skill only, no better than a does; a is also asked the hard one.
    skills = [["easy"]] * 40 + [["hard"]] * 40
    right = [[1, 1]] * 30 + [[0, 0]] * 10 + [[1, NAN]] * 10 + [[0, NAN]] * 30
    found = measured(right, skills)

    hard = found.accuracy(prior_count=10.0)[found.skills.index("hard")]
    # b's own accuracy is .75; the pool's on `hard` is .25, shrunk to .3.
    assert hard[1] == pytest.approx(hard[0], abs=0.1)


def test_more_answers_are_believed_more():
    few = measured([[1, 0], [0, 1]], [["x"], ["y"]])
    many = measured([[1, 0], [0, 1]] * 50, [["x"], ["y"]] * 50)

    gap = [table.accuracy(prior_count=10.0)[0] @ [1, -1] for table in (few, many)]
    assert 0 < gap[0] < 0.2 < gap[1]


@pytest.mark.parametrize(("is_same", "wanted"), [(True, ">="), (False, "<=")])
def test_shrinkage_is_strong_where_skills_do_not_matter(is_same, wanted):
    dice = np.random.default_rng(0)
    skills = [["x"], ["y"]] * 200
    p = np.full((400, 2), 0.5) if is_same else np.tile([[0.9, 0.1], [0.1, 0.9]], (200, 1))
    found = measured((dice.random((400, 2)) < p).astype(float), skills).fitted_prior_count()

    assert found >= 100 if wanted == ">=" else found <= 10


def test_a_pool_without_any_candidate_is_refused():
    with pytest.raises(RouterError, match=r"no candidate has a profile: \['c'\]"):
        small().of(["c"])


def test_parts_of_different_owners_add_up():
    other = measured([[1], [0]], [["sums"], ["plurals"]], ["c"], source="s2")

    found = merge([small(), other])

    assert (found.experts, found.skills) == (("a", "b", "c"), ("french", "plurals", "sums"))
    assert found.asked[2].tolist() == [2, 1, 1]
    assert found.sources["c"] == ("s2",)


def test_the_order_of_a_merge_changes_no_count():
    one, other = small(), small(source="s2")

    assert merge([one, other]).right.tolist() == merge([other, one]).right.tolist()


def test_the_same_answers_are_not_counted_twice():
    with pytest.raises(RouterError, match="expert 'a' was measured on data 's1'"):
        merge([small(), small()])


def test_a_merge_of_nothing_is_refused():
    with pytest.raises(RouterError, match="one owner or more"):
        merge([])


def test_profiles_are_read_back_as_written(tmp_path):
    path = tmp_path / "profiles.json"
    write_profiles(path, small(), ProfileManifest(seed=3, metrics={"accuracy": 0.5}))

    found, manifest = read_profiles(path, known_experts=["a", "b", "c"], data_sha256="s1")

    assert (found.experts, found.skills) == (("a", "b"), ("french", "sums"))
    assert found.right.tolist() == small().right.tolist()
    assert (manifest.seed, manifest.metrics) == (3, {"accuracy": 0.5})


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"known_experts": ["a"]}, r"name experts \['b'\], known are \['a'\]"),
        ({"data_sha256": "s9"}, r"of \['a', 'b'\] come from other data than 's9'"),
    ],
    ids=["an expert the registry lost", "other data"],
)
def test_profiles_that_do_not_fit_are_refused_with_the_reason(tmp_path, wanted, message):
    path = tmp_path / "profiles.json"
    write_profiles(path, small(), ProfileManifest())

    with pytest.raises(RouterError, match=message):
        read_profiles(path, **wanted)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda text: "", "malformed"),
        (lambda text: "[]", "malformed"),
        (lambda text: text[:-20], "malformed"),
        (lambda text: text.replace('"format": 1', '"format": 7'), "have format 7"),
        (lambda text: text.replace('"right": 2.0', '"right": 1.0'), "do not match the hash"),
        (lambda text: text.replace('"right": 2.0', '"right": NaN'), "malformed"),
    ],
    ids=["empty", "a list", "half", "another format", "an edited count", "no number"],
)
def test_a_damaged_file_is_refused(tmp_path, edit, message):
    path = tmp_path / "profiles.json"
    write_profiles(path, small(), ProfileManifest())
    path.write_text(edit(path.read_text()))

    with pytest.raises(RouterError, match=message):
        read_profiles(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RouterError, match=r"no\.json' cannot be read"):
        read_profiles(tmp_path / "no.json")


def test_the_file_holds_counts_and_no_question(tmp_path):
    path = tmp_path / "profiles.json"
    write_profiles(path, small(), ProfileManifest())

    assert json.loads(path.read_text())["experts"]["b"] == {
        "sources": ["s1"],
        "overall": {"right": 0.0, "asked": 1},
        "skills": {"sums": {"right": 0.0, "asked": 1}},
    }
