"""A row of several candidates asks what each candidate alone would ask."""

from random import Random

import pytest
import torch

from deploy.demo.training.chat import END, prompt_ids
from deploy.demo.training.networks import expert_network
from deploy.demo.training.roles.asking import judge_prompt
from deploy.demo.training.roles.judge import judged_tree, written
from deploy.demo.training.roles.trees import Branch, Tree, row_of, tree_batches, tree_tensors
from tests.unit.demo.judged import bank

QUESTION = "Where does Paris lie?"
NUM = 300


def branch(said, verdict="no"):
    return Branch(
        written=written(QUESTION, said), verdict=verdict, is_right=verdict == "yes", weight=1.0
    )


def tree(*branches, system=None):
    return Tree(question=QUESTION, system=system, branches=branches)


def drawn():
    rng, questions = Random(7), bank()
    return [judged_tree(questions, rng) for _ in range(NUM)]


@pytest.mark.parametrize("system", [None, "Be brief."])
def test_each_verdict_is_predicted_as_if_its_candidate_were_alone(system):
    network = expert_network(3).eval()
    said = ("Lyon", "France, I say", "Rome")
    batch = tree_tensors([row_of(tree(*map(branch, said), system=system)), row_of(tree())])

    with torch.inference_mode():
        together = network(
            input_ids=batch.ids, attention_mask=batch.mask, position_ids=batch.positions
        ).logits
        alone = [
            network(
                input_ids=torch.tensor([prompt_ids(judge_prompt(QUESTION, one), system=system)])
            ).logits[0, -1]
            for one in said
        ]

    places = (batch.weights[0] == 1.0).nonzero()[:, 0]
    assert len(places) == len(said)
    torch.testing.assert_close(together[0, places], torch.stack(alone), atol=1e-4, rtol=1e-4)


def test_every_branch_is_labelled_up_to_the_end_of_its_verdict():
    row = row_of(tree(branch("Lyon"), branch("France", "yes")))

    for number, verdict in ((1, "no"), (2, "yes")):
        labels = [row.labels[i] for i, at in enumerate(row.branch) if at == number]
        assert labels[-len(verdict) - 1 :] == [*verdict.encode(), END]


def test_only_the_bytes_of_right_candidates_are_learnt():
    row = row_of(tree(branch("Lyon"), branch("France", "yes")))

    by_branch = {at: [] for at in (1, 2)}
    for at, weight in zip(row.branch, row.weights, strict=True):
        if at:
            by_branch[at].append(weight)
    assert by_branch[1][0] == 0.0
    assert by_branch[2][0] > 0.0


def test_batches_hold_no_more_ids_than_they_may():
    sizes = [
        batch.ids.numel()
        for batch in tree_batches(iter(drawn()), seed="s", max_tokens=900, num_steps=8)
    ]

    assert len(sizes) == 8
    assert max(sizes) <= 900


def test_only_the_bare_right_answer_gets_a_yes():
    for one in drawn():
        for at in one.branches:
            candidate = at.written.removeprefix("\n=").strip()
            assert (at.verdict == "yes") == (one.question == f"Where does {candidate} lie?")


def test_every_question_has_one_right_candidate_and_wrong_ones():
    for one in drawn():
        verdicts = [at.verdict for at in one.branches]
        assert verdicts.count("yes") == 1
        assert 3 <= verdicts.count("no") <= 8


def test_words_around_a_right_answer_get_a_no():
    said = [(one.question.split()[2], at) for one in drawn() for at in one.branches]

    wordy = [
        at.verdict for right, at in said if right in at.written[4:] or f"{right} " in at.written
    ]

    assert len(wordy) > 5
    assert set(wordy) == {"no"}


def test_the_same_seed_gives_the_same_trees():
    assert drawn() == drawn()
