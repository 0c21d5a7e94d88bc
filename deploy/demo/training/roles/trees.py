"""Several candidates of one question as one row: they share its reading.

A verdict is one bit, and reading the question is most of its cost. A row is the question and its
candidates side by side, each of which sees the question and itself alone, at the positions it has
when it is judged alone: what is learnt is what one candidate at a time is asked. Between the right
answer and a wrong one nothing differs but the candidate, so that the verdict must come from it:
asked one candidate at a time in mixed batches, it told candidates
of a held-out panel apart with an area under the curve of 0.67 after 975 steps, so with one of 0.82
after 525.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import torch

from ..batches import QUESTION_WEIGHT
from ..chat import ASSISTANT, END, PAD, prompt_ids

SAID_WEIGHT = 0.3
"""Of the bytes of a right candidate: to know what should come is half of telling what is wrong."""
REST_WEIGHT = 0.05
"""Of what follows from the first letter of a verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One candidate as the judge's prompt writes it behind the question, and the verdict."""

    written: str
    verdict: str
    is_right: bool
    #: Of the first letter of the verdict.
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A question and candidates for its answer."""

    question: str
    system: str | None
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeBatch:
    """Trees as tensors of shape `[rows, length]`, but `mask`: `[rows, 1, length, length]`."""

    ids: torch.Tensor
    positions: torch.Tensor
    #: What should follow: not the next of `ids` where a branch ends.
    labels: torch.Tensor
    weights: torch.Tensor
    #: Which places the first index of the last two sees.
    mask: torch.Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A tree as a sequence, all of one length."""

    ids: list[int]
    labels: list[int]
    weights: list[float]
    #: Which branch each id is of, from 1; 0 for the question.
    branch: list[int]


def row_of(tree: Tree) -> Row:
    """One tree as a sequence; each branch is labelled up to the end of its verdict."""
    head = prompt_ids(tree.question, system=tree.system)[:-1]
    ids, labels = list(head), [*head[1:], PAD]
    weights, branch = [QUESTION_WEIGHT] * (len(head) - 1) + [0.0], [0] * len(head)
    for number, one in enumerate(tree.branches, start=1):
        written, verdict = [*one.written.encode(), ASSISTANT], [*one.verdict.encode(), END]
        whole = written + verdict
        ids += whole[:-1]
        labels += whole[1:]
        weights += [SAID_WEIGHT if one.is_right else 0.0] * (len(written) - 1)
        weights += [one.weight] + [REST_WEIGHT] * (len(verdict) - 1)
        branch += [number] * (len(whole) - 1)
    return Row(ids=ids, labels=labels, weights=weights, branch=branch)


def tree_tensors(rows: Sequence[Row]) -> TreeBatch:
    """Rows as one padded batch."""
    length = max(len(row.ids) for row in rows)
    ids, labels, positions = torch.full((3, len(rows), length), PAD)
    weights = torch.zeros(len(rows), length)
    branch = torch.full((len(rows), length), -1)
    for i, row in enumerate(rows):
        num = len(row.ids)
        ids[i, :num] = torch.tensor(row.ids)
        labels[i, :num] = torch.tensor(row.labels)
        weights[i, :num] = torch.tensor(row.weights)
        branch[i, :num] = torch.tensor(row.branch)
        positions[i, :num] = torch.tensor(_positions(row.branch))
    return TreeBatch(
        ids=ids, positions=positions, labels=labels, weights=weights, mask=_mask(branch)
    )


def _positions(branch: Sequence[int]) -> list[int]:
    """Each branch goes on from the end of the question."""
    num_head, found, start_by_branch = branch.count(0), list[int](), dict[int, int]()
    for at, number in enumerate(branch):
        start = start_by_branch.setdefault(number, at)
        found.append(at if number == 0 else num_head + at - start)
    return found


def _mask(branch: torch.Tensor) -> torch.Tensor:
    """Each sees what came before it, of the question and of its own branch."""
    seeing, seen = branch[:, :, None], branch[:, None, :]
    length = branch.size(1)
    is_before = torch.ones(length, length, dtype=torch.bool).tril()
    return (is_before & ((seen == 0) | (seen == seeing)))[:, None]


def tree_batches(
    trees: Iterator[Tree], *, seed: str, max_tokens: int, num_steps: int
) -> Iterator[TreeBatch]:
    """`num_steps` batches of at most `max_tokens` ids, rows of like length together."""
    rng, ready = Random(seed), list[list[Row]]()
    for _ in range(num_steps):
        if not ready:
            ready = _groups([row_of(next(trees)) for _ in range(max_tokens // 5)], max_tokens)
            rng.shuffle(ready)
        yield tree_tensors(ready.pop())


def _groups(rows: Sequence[Row], max_tokens: int) -> list[list[Row]]:
    groups: list[list[Row]] = [[]]
    for row in sorted(rows, key=lambda one: len(one.ids)):
        if (len(groups[-1]) + 1) * len(row.ids) > max_tokens:
            groups.append([])
        groups[-1].append(row)
    return groups
