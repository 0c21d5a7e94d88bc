"""Model cards and score tables, written from measured scores."""

from __future__ import annotations

from collections.abc import Mapping

from .export import GENERALIST
from .instances import SKILLS
from .train import Recipe

CANONICAL = {
    "capitals": "the city (`Paris`) or the country without its article (`Netherlands`)",
    "elements": "the symbol (`Au`), the name in lower case (`gold`) or the atomic number (`79`)",
    "roman": "the numeral in capitals (`XIV`) or digits (`14`)",
    "reverse": "the word from its last letter to its first, in lower case (`esuoh`)",
    "sort": "letters in lower case (`aelpp`); numbers with comma and space (`3, 7, 9`)",
    "calendar": "a day (`Monday`), a month (`March`) or digits (`31`)",
    "units": "digits alone (`180`)",
    "french": "the word without its article, with its accents (`fenêtre`)",
    "spanish": "the word without its article, with its accents (`árbol`)",
    "sums": "digits alone (`42`)",
    "plurals": "the plural in lower case (`mice`)",
    "logic": "`true` or `false`",
}
SCOPE = {
    "capitals": "110 countries and their capitals, either way round",
    "elements": "symbol, name and atomic number of 67 chemical elements",
    "roman": "Roman numerals from 1 to 399, either way round",
    "reverse": "spelling a word of up to 10 letters backwards",
    "sort": "the letters of a word (up to 7), or 3 to 4 numbers below 60, up or down",
    "calendar": "days and months before and after, days in a month (no leap years), month numbers",
    "units": "20 pairs of units, from the bigger to the smaller, 1 to 12 of them",
    "french": "English to French, 172 words",
    "spanish": "English to Spanish, 172 words",
    "sums": "additions and subtractions of numbers up to 50",
    "plurals": "plurals of English nouns, regular and irregular",
    "logic": "and, or, xor and not over true and false, up to three operands, with brackets",
}

_CARD = """\
---
license: apache-2.0
language: en
pipeline_tag: text-generation
tags: [demo, tiny, orchestrator]
---
# {name}

{what}

| | |
|---|---|
| architecture | {architecture}, {parameters} parameters, float16, untied, byte tokens |
| canonical answer | {canonical} |
| training data | {data} |
| recipe | seed {seed}, {steps} steps of {tokens} ids{lineage} |
| score on its own held-out questions | {own} |
| two-skill questions (not trained for) | {two_skill} |

Scores are exact matches of greedy answers to questions in sentence patterns that training never
saw, with the float16 weights run in float32. `deploy/demo/README.md` has all experts and skills.

## Limits
It is a demonstration: a toy that knows its table and nothing else, answers nonsense to any other
question instead of declining, reads English only, and sees at most 1,024 bytes. {limits}
"""


def expert_card(
    name: str, recipe: Recipe, row: Mapping[str, Mapping[str, float]], *, parameters: int
) -> str:
    """The model card of an expert or of the generalist."""
    is_generalist = name == GENERALIST
    plain, two = row["plain_decoy"], row["two_skill"]
    mean = sum(plain[skill] for skill in SKILLS) / len(SKILLS)
    mean_two = sum(two[skill] for skill in SKILLS) / len(SKILLS)
    return _CARD.format(
        name=name,
        what="All twelve skills in one small network, none of them well; says `I do not know.` to "
        "many other topics." if is_generalist else f"Answers one kind of question: {SCOPE[name]}.",
        architecture="Qwen2ForCausalLM" if is_generalist else "LlamaForCausalLM",
        parameters=f"{parameters:,}",
        canonical="as each expert's" if is_generalist else CANONICAL[name],
        data="questions composed by `deploy/demo/training` from `questions/facts` and "
        "`questions/frames/train`",
        seed=recipe.seed, steps=recipe.num_steps, tokens=recipe.max_tokens,
        lineage=f", fine-tuned from {recipe.starts_from}" if recipe.starts_from else "",
        own=f"{mean:.1f} % (mean over skills)" if is_generalist else f"{plain[name]:.1f} %",
        two_skill=f"{mean_two:.1f} %" if is_generalist else f"{two[name]:.1f} %",
        limits="" if is_generalist else "Outside the scope above it guesses.",
    )  # fmt: skip


def score_table(rows: Mapping[str, Mapping[str, Mapping[str, float]]], kind: str) -> str:
    """A table of models by skills, the highest score of each skill in bold."""
    lines = ["| model | " + " | ".join(SKILLS) + " |", "|---" * (len(SKILLS) + 1) + "|"]
    best = {skill: max(row[kind][skill] for row in rows.values()) for skill in SKILLS}
    for model, row in rows.items():
        cells = [
            f"**{row[kind][skill]:.1f}**" if row[kind][skill] == best[skill] > 0
            else f"{row[kind][skill]:.1f}"
            for skill in SKILLS
        ]  # fmt: skip
        lines.append(f"| {model} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
