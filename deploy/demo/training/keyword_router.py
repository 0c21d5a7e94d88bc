"""The baseline any trained router has to beat: rules on words.

Every skill has the words a sensible operator would list for it, from its name and its obvious
vocabulary. The skill with most words in the question is chosen; ties go to the earlier skill of
the table, and a question without any listed word goes to no expert.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .heldout import Question

KEYWORDS: dict[str, str] = {
    "capitals": "capital capitals country city nation government",
    "elements": "element elements symbol chemical chemistry atomic periodic proton protons atom",
    "roman": "roman romans rome numeral numerals arabic",
    "reverse": "reverse reversed backwards backward reversal mirror flip inverted",
    "sort": "sort sorted sorting order alphabetical alphabetically alphabet ascending descending "
    "letters smallest largest lowest highest rank",
    "calendar": "day days weekday month months tomorrow yesterday calendar monday tuesday "
    "wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december",
    "units": "convert metres metre centimetres millimetres kilometres kilograms grams tonnes "
    "litres millilitres hours minutes seconds weeks years decades centuries feet inches yards "
    "pounds ounces gallons quarts pints dozens items unit units",
    "french": "french france paris",
    "spanish": "spanish spain madrid",
    "sums": "sum plus minus add added subtract total difference together left remain more",
    "plurals": "plural plurals pluralise pluralize singular many several",
    "logic": "true false not and or xor logic logical boolean truth evaluate",
}

_WORDS = {skill: frozenset(words.split()) for skill, words in KEYWORDS.items()}


def keyword_skill(question: str) -> str | None:
    """The skill with most of its words in the question, or None when no word is listed.

    >>> keyword_skill("How do you say cat in French?")
    'french'
    """
    tokens = re.findall(r"[a-z]+", question.lower())
    counts = {skill: sum(token in words for token in tokens) for skill, words in _WORDS.items()}
    best = max(counts, key=lambda skill: counts[skill])
    return best if counts[best] else None


def routing_percent(questions: Sequence[Question], kind: str) -> float:
    """How often the rules pick the right skill over questions of one kind."""
    asked = [question for question in questions if question.kind == kind]
    right = sum(keyword_skill(question.question) == question.skill for question in asked)
    return round(100 * right / len(asked), 1)
