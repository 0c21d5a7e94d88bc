"""Distinct prompts of a known length, the same on every run, so that no cache can help."""

from __future__ import annotations

from random import Random

_TEXT = (
    "about above after again all along also always and another answer any around ask away back "
    "because before begin below best between big book both bring build but call can car care "
    "change city close cold come could country cut dark day door down draw each earth eat end "
    "enough even every eye face fall far farm father feel few field find fire first fish five "
    "follow food foot for form four free friend from front full garden girl give gold good great "
    "green ground group grow half hand hard have head hear heat help here high hold home horse "
    "hot hour house how hundred idea inch into island just keep kind king know land large last "
    "late learn leave left letter life light line list little live long look low machine make "
    "many map mark mean men might mile mind minute money moon more morning most mother mountain "
    "move much music must name near need never new night north note number of off often old on "
    "once one only open order other our out over own page paper part people person picture piece "
    "place plain plan plant play point port power press problem pull put question quick quiet "
    "rain read real red rest right river road rock room round rule run same say school sea second "
    "see seem self sentence set ship short should show side simple since six size slow small snow "
    "some song soon sound south space special stand star start state stay step still stop story "
    "street strong study such summer sun sure table tail take talk teach tell ten test than thing "
    "think though thought three time together top town travel tree true try turn two under unit "
    "until up use very voice wait walk want war warm watch water way week well west what wheel "
    "where which while white whole why wind winter with wonder wood word work world write year "
    "yellow yes young"
)
#: Common English words: one token each in the usual vocabularies.
WORDS = tuple(_TEXT.split())


MAX_SENTENCE_WORDS = 16


def prompt(num_tokens: int, *, seed: str) -> str:
    """Sentences of words drawn at random: about `num_tokens` words and tokens."""
    random = Random(seed)
    words = random.choices(WORDS, k=num_tokens)
    sentences = []
    while words:
        num_words = random.randint(4, MAX_SENTENCE_WORDS)
        sentences.append(" ".join(words[:num_words]).capitalize())
        words = words[num_words:]
    return ". ".join(sentences) + "?"


def prompt_of_bytes(num_bytes: int, *, seed: str) -> str:
    """The same, cut to `num_bytes`: that many tokens for a byte-level vocabulary."""
    return prompt(num_bytes // 2 + 1, seed=seed)[: num_bytes - 1] + "?"
