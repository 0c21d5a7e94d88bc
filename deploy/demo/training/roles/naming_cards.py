"""The cards of the namer and the decomposer, written from their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..train import Recipe
from .card_head import card_head, recipe_of
from .decomposer_scores import DecomposerFigures, SplitFigures
from .figures import table, told
from .namer_scores import NamerFigures

_DATA = (
    "questions composed by `deploy/demo/training/roles` from its `texts`, the experts' training "
    "frames and the router's wordings"
)

_FIGURES = """\
No frame of a held-out question was trained on, and no two-skill one stands inside a frame that
was. Greedy unless said otherwise, float16 weights run in float32, percent with 95 % intervals by
Wilson. *Composed* questions come from a tenth of the sentence patterns, kept out of training.

"""

_NAMER = """\
## Exactly the skills of a question
No more and no fewer; of `unknown` questions, none. Five samples are drawn at temperature 0.7 and
a skill is kept that two of them name.

{exact}

## Limits
It knows twelve names and no others, and two skills at most. Whether what is asked is one of its
twelve kinds is what it has learnt; what it never saw anything like can get a name as well as
`none`. It reads English and at most 1,024 bytes.
"""

_DECOMPOSER = """\
## Two-skill questions
The 120 held-out ones. *Whole* is one call of the expert that the topic router chooses. The others
carry out what the decomposer wrote: with the right answer to every sub-question, with the expert
of its skill, with the expert that the router chooses.

{splits}

By pair of skills, with right answers / with the router's experts:

{pairs}

Composed two-skill questions, word for word the right sub-questions: {composed}.

## Questions of one skill
{num_one:,} of the 2,280 held-out ones, which need no split:

| repeated word for word | not split | right when asked whole | right after the decomposer |
|---|---|---|---|
| {kept} | {one_line} | {right_whole} | {right_after} |

## Limits
It splits in two steps, of the kinds above; a question of three skills, or of other kinds, is split
wrongly or not at all. No expert compares two values: the one for logic calls a last step like
`True or false: 52 equals 54.` true whatever it says. Sums over 50 are beyond the expert for sums. A
first attempt costs it right splits, so the shipped prompt has none. Many questions of one skill are
split too, so it is to be asked only where a first attempt is unsure. It reads English and at most
1,024 bytes.
"""


def namer_card(
    figures: Mapping[str, NamerFigures], recipes: Sequence[Recipe], *, parameters: int
) -> str:
    """What the namer does, for its folder."""
    head = _head(
        "namer", "Names the skills that a question takes, in the order of their use.",
        prompt="skills", replies="names of the twelve skills (`reverse, capitals`), or `none`",
        recipes=recipes, parameters=parameters,
    )  # fmt: skip
    return head + _NAMER.format(exact=exact_table(figures))


def exact_table(figures: Mapping[str, NamerFigures]) -> str:
    """Exactly named, by kind of question."""
    rows = {
        kind.replace("_", " "): [
            str(found["greedy"]["num"]),
            told(found["greedy"]),
            told(found["five_samples"]),
        ]
        for kind, found in figures.items()
    }
    return table(("questions", "n", "greedy", "five samples"), rows)


def decomposer_card(
    figures: DecomposerFigures, recipes: Sequence[Recipe], *, parameters: int
) -> str:
    """What the decomposer does, for its folder."""
    head = _head(
        "decomposer", "Splits a question of two skills into sub-questions for two experts.",
        prompt="decompose",
        replies="a sub-question a line; `#1` stands for the first one's answer, the last answers",
        recipes=recipes, parameters=parameters,
    )  # fmt: skip
    one = figures["one_skill"]
    return head + _DECOMPOSER.format(
        splits=splits_table(figures),
        pairs=_pairs_table(figures),
        composed=told(figures["composed"]),
        num_one=one["kept"]["num"],
        kept=told(one["kept"]),
        one_line=told(one["one_line"]),
        right_whole=told(one["right_whole"]),
        right_after=told(one["right_after"]),
    )


def splits_table(figures: DecomposerFigures) -> str:
    """Right answers to two-skill questions, by who answers the sub-questions."""
    rows = {
        "without an attempt": _split_cells(figures["two_skill"]),
        "with the router's attempt": _split_cells(figures["two_skill_with_attempt"]),
    }
    head = ("asked", "whole", "split, right answers", "split, experts by skill",
            "split, experts by router")  # fmt: skip
    return table(head, rows)


def _split_cells(found: SplitFigures) -> list[str]:
    return [told(found[key]) for key in ("whole", "by_tables", "by_skill", "by_router")]


def _pairs_table(figures: DecomposerFigures) -> str:
    rows = {
        pair: [str(found["by_tables"]["num"]), *(f"{one['percent']:.0f}" for one in found.values())]
        for pair, found in figures["by_pair"].items()
    }
    return table(("pair", "n", "right answers", "router's experts"), rows)


def _head(
    name: str, what: str, *, prompt: str, replies: str, recipes: Sequence[Recipe], parameters: int
) -> str:
    head = card_head(
        name, what, prompt=prompt, replies=replies, data=_DATA, recipe=recipe_of(recipes),
        parameters=parameters,
    )  # fmt: skip
    return head + _FIGURES
