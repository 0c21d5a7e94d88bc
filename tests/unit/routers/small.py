"""A router small enough to fit in a test: three skills, a table of six tokens, no MiniLM."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from routers.artifacts import GramsPart
from routers.category import CategoryRouter
from routers.embeddings import StaticEmbedding
from routers.features import LinearHead, TextFeatures
from routers.grams import HashedGrams
from routers.mapping import Quality
from routers.questions import Question
from routers.training import Settings, TrainingSet, training_set
from routers.window import Window

TOKENS = ("[UNK]", "capital", "sum", "french", "of", "plus")
SKILLS = ("capitals", "french", "sums")
POOL = frozenset({*SKILLS, "general"})
GRAMS = HashedGrams(bits=8, char_lengths=(3,), word_lengths=(1, 2), word_share=0.5)
SETTINGS = Settings(
    num_folds=3,
    l2=1e-4,
    grams=GramsPart(**{name: getattr(GRAMS, name) for name in GramsPart.model_fields}),
)
ASKS = {"capitals": "name the capital of {}", "sums": "work out {} plus {}"}
PLACES = ("Peru", "Chad", "Oman", "Fiji", "Cuba", "Mali")


def tokenizer() -> Tokenizer:
    """One id a word of `TOKENS`."""
    words = {word: i for i, word in enumerate(TOKENS)}
    found = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    found.pre_tokenizer = Whitespace()
    return found


def embedding() -> StaticEmbedding:
    """`capital`, `french` and `sum` (or `plus`) each have an axis; other words none."""
    table = np.zeros((len(TOKENS), 3), dtype=np.int8)
    table[1, 0] = table[3, 1] = table[2, 2] = table[5, 2] = 10
    return StaticEmbedding(table, np.full(3, 0.1, dtype=np.float32), tokenizer=tokenizer())


def router(**changes: object) -> CategoryRouter:
    """Axes of the embedding are its categories; a prompt without their words is unsure."""
    parts: dict[str, object] = {
        "version": "small@1",
        "window": Window(head=40, tail=40, lead=30),
        "features": TextFeatures(embedder=embedding(), grams=GRAMS, dense_norm=1.0),
        "head": LinearHead(
            dense=8 * np.eye(3, dtype=np.float32),
            grams=np.zeros((256, 3), dtype=np.float32),
            bias=np.zeros(3, dtype=np.float32),
            temperature=1.0,
        ),
        "quality": Quality(categories=SKILLS, experts=SKILLS, table=np.eye(3, dtype=np.float32)),
        "tau": 0.5,
        "fallback": "general",
    }
    return CategoryRouter(**(parts | changes))


def write_lines(path: Path, *rows: dict[str, object]) -> Path:
    """A file of JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def lessons(*unlabelled: str) -> TrainingSet:
    """Two skills asked for in six frames each, and asks of no skill."""
    known = [
        Question(text=f"{lead} {ask.format(place, place)}", skill=skill, frame=lead, kind="plain")
        for skill, ask in ASKS.items()
        for lead in ("please", "now", "so", "hey", "well", "ok")
        for place in PLACES
    ]
    stray = [
        Question(text=f"{verb} me a {noun}", skill="unknown", frame=verb, kind="unknown")
        for verb in ("sing", "draw", "cook", "sell", "lend")
        for noun in ("song", "horse", "meal", "boat")
    ]
    return training_set(known, stray, unlabelled)
