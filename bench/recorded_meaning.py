"""How well answers in free text that mean the same are told from others, on options of questions.

Two options of one question mean something else, and were written to be mistaken for one another;
an option and a sentence that says it mean the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from routers.answers import extract
from routers.choices import options_of
from routers.embeddings import Embedder
from routers.meanings import SIMILARITY, representatives
from routers.resampling import Share

#: How models put an answer that they do not state in the agreed form.
_SENTENCES = (
    "It is {}.",
    "I think that it is {}",
    "{} is what is asked for.",
    "That would be {}, as far as I know.",
    "The {}.",
    "The question asks for {}.",
)
_NUM_QUESTIONS = 3000
SIMILARITIES = (0.8, SIMILARITY)

Pairs = list[tuple[str, str]]


def pairs_of(prompts: Sequence[str], *, seed: int = 0) -> tuple[Pairs, Pairs]:
    """One pair of answers that differ and one that mean the same, of each question.

    Args:
        prompts: questions with their options.
        seed: of the questions, the options and the sentences.
    """
    dice = np.random.default_rng(seed)
    different: Pairs = []
    same: Pairs = []
    for at in dice.permutation(len(prompts))[:_NUM_QUESTIONS]:
        options = [option.text for option in options_of(prompts[at])]
        read = [answer for text in options if (answer := extract(text, "text")) is not None]
        if len(set(read)) < max(len(options), 2):
            continue
        one, other = dice.permutation(len(options))[:2]
        different.append((read[one], read[other]))
        sentence = _SENTENCES[dice.integers(len(_SENTENCES))].format(options[one].rstrip("."))
        same.append((read[one], extract(sentence, "text") or ""))
    return different, same


def meaning_figures(prompts: Sequence[str], embedder: Embedder) -> dict[str, dict[str, float]]:
    """Shares of pairs that are joined, by similarity, in percent with their intervals."""
    different, same = pairs_of(prompts)
    return {
        f"similarity {similarity:g}": {
            **_share("different", different, embedder, similarity=similarity),
            **_share("same", same, embedder, similarity=similarity),
        }
        for similarity in SIMILARITIES
    }


def _share(name: str, pairs: Pairs, embedder: Embedder, *, similarity: float) -> dict[str, float]:
    joined = sum(
        len(set(representatives(pair, embedder, similarity=similarity))) == 1 for pair in pairs
    )
    share = Share(right=joined, asked=len(pairs))
    low, high = share.interval
    return {
        f"{name} joined, %": 100 * share.value,
        f"{name} joined, low": 100 * low,
        f"{name} joined, high": 100 * high,
    }
