from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from routers.embeddings import StaticEmbedding

TOKENIZER = Path(__file__).parents[3] / "deploy" / "demo" / "routers" / "topic" / "tokenizer.json"
PIECES = (
    "capital",
    "Of",
    "XIV",
    " ",
    "  ",
    "\t",
    "é",
    "\u0301",
    "中",
    "ﬁ",
    "'",
    "12",
    ".",
    "[UNK]",
)


@pytest.fixture(scope="module")
def embedding():
    """The shipped tokenizer on a table of one column."""
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    num_tokens = tokenizer.get_vocab_size()
    table = np.arange(num_tokens, dtype=np.int64).astype(np.int8)[:, None]
    return StaticEmbedding(table, np.ones(1, dtype=np.float32), tokenizer=tokenizer)


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
def test_tokens_read_word_by_word_are_those_of_the_whole_text(embedding, pieces):
    text = "".join(pieces)
    whole = embedding._tokenizer.encode(text, add_special_tokens=False).ids

    assert list(embedding._token_ids([text])) == [whole]


def test_a_word_that_was_met_before_reads_the_same(embedding):
    first, again = embedding.embed(["the capital of France"]), embedding.embed(["capital of the"])

    assert np.array_equal(first, embedding.embed(["the capital of France"]))
    assert again.shape == first.shape
