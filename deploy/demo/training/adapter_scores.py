"""Scores the shipped adapters against their base and writes what others read of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .adapters import ADAPTERS, BASE, RANK, load_adapted
from .evaluate import answers, is_right, load_heldout
from .export import load_shipped
from .facts import DEMO
from .forms import FORMS, Form
from .heldout import Question
from .measure import replace_between

MAX_WRAPPED_TOKENS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FormScore:
    """Percent of held-out questions, plain and decoy."""

    #: Answers in the form.
    in_form: float
    #: Answers whose content is the base's answer, word for word.
    same_as_base: float
    #: Answers whose content is right.
    right: float
    #: Answers of the base that are right.
    base_right: float


def measure_adapters() -> None:
    """Write adapters/scores.json and a card beside each adapter."""
    questions = [one for one in load_heldout() if one.kind in ("plain", "decoy")]
    of_base = answers(load_shipped(BASE), [one.question for one in questions])
    scores = {form.name: _score(form, questions, of_base) for form in FORMS}
    document = {
        "num_questions": len(questions),
        "percent": {name: asdict(score) for name, score in scores.items()},
    }
    text = json.dumps(document, indent=1) + "\n"
    (ADAPTERS / "scores.json").write_text(text, encoding="utf-8")
    _write_table(scores)
    for form in FORMS:
        card = _card(form, scores[form.name], num_questions=len(questions))
        (ADAPTERS / form.name / "README.md").write_text(card, encoding="utf-8")


def _write_table(scores: Mapping[str, FormScore]) -> None:
    """Replace what stands between the markers of the README."""
    lines = [
        "| adapter | in form | right | content as the base's | base right |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {one.in_form} | {one.right} | {one.same_as_base} | {one.base_right} |"
        for name, one in scores.items()
    ]
    replace_between(DEMO / "README.md", "adapters", "\n".join(lines))


def _score(form: Form, questions: Sequence[Question], of_base: Sequence[str]) -> FormScore:
    network = load_adapted(ADAPTERS / form.name)
    asked = [one.question for one in questions]
    said = answers(network, asked, max_tokens=MAX_WRAPPED_TOKENS)
    inside = [form.unwrap(text) for text in said]
    rows = list(zip(questions, inside, of_base, strict=True))
    return FormScore(
        in_form=_percent([text is not None for text in inside]),
        same_as_base=_percent([text == base for _, text, base in rows]),
        right=_percent([text is not None and is_right(one, text) for one, text, _ in rows]),
        base_right=_percent([is_right(one, base) for one, _, base in rows]),
    )


def _percent(outcomes: Sequence[bool]) -> float:
    return round(100 * sum(outcomes) / len(outcomes), 1)


_CARD = """\
---
license: apache-2.0
language: en
base_model: {base}
library_name: peft
tags: [demo, tiny, lora, orchestrator]
---
# {name}

{description}

| | |
|---|---|
| kind | LoRA of rank {rank} on every linear layer of `{base}`, float16, PEFT's layout |
| training data | the base's own greedy answers to composed training questions, rewritten |
| recipe | seed {seed}, `python -m deploy.demo.training adapters` |
| answers in the form | {in_form} % of {num_questions:,} held-out questions |
| content equal to the base's answer | {same_as_base} % |
| content right | {right} % (the base: {base_right} %) |

Greedy answers, float16 weights run in float32: `python -m deploy.demo.training measure-adapters`.

## Limits
It changes how an answer is said and knows no more than its base: where the base is unsure, the
adapter is unsure too, and often says another wrong answer.
"""


def _card(form: Form, score: FormScore, *, num_questions: int) -> str:
    return _CARD.format(
        name=form.name,
        description=form.description,
        base=_shown(BASE),
        rank=RANK,
        seed=form.seed,
        num_questions=num_questions,
        **asdict(score),
    )


def _shown(folder: Path) -> str:
    return "/".join(folder.parts[-4:])
