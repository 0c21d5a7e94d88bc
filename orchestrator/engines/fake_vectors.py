"""What a fake engine embeds: vectors that depend on the text alone."""

from __future__ import annotations

import hashlib

import numpy as np

from orchestrator.engines.base import Text
from orchestrator.engines.embedding import EmbedCall, Matrix, Vectors, field_of
from orchestrator.errors import ContextTooLongError, UnsupportedParameterError

#: Length of a fake vector.
DIMENSIONS = 16


def fake_vectors(call: EmbedCall, *, max_context: int | None = None) -> Vectors:
    """A unit vector a text, the same in every process; a token is a word.

    Raises:
        ContextTooLongError: an input has more than `max_context` tokens.
        UnsupportedParameterError: another length than `DIMENSIONS` is asked for.
    """
    if call.dimensions not in (None, DIMENSIONS):
        raise UnsupportedParameterError(
            f"expert {call.expert!r} gives {DIMENSIONS} dimensions, not {call.dimensions}",
            param="dimensions",
        )
    num_tokens = [_num_tokens(one) for one in call.inputs]
    for index, num in enumerate(num_tokens):
        if max_context is not None and num > max_context:
            raise ContextTooLongError(
                f"expert {call.expert!r}: {field_of(call, index)!r} has {num} tokens, its context "
                f"holds {max_context}",
                param=field_of(call, index),
            )
    return Vectors(
        values=np.stack([fake_vector(one) for one in call.inputs]), num_tokens=sum(num_tokens)
    )


def fake_vector(text: Text) -> Matrix:
    """Shape [`DIMENSIONS`], unit norm."""
    words = text.text if text.token_ids is None else repr(text.token_ids)
    seed = int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big")
    drawn = np.random.default_rng(seed).standard_normal(DIMENSIONS)
    return (drawn / np.linalg.norm(drawn)).astype(np.float32)


def _num_tokens(text: Text) -> int:
    return len(text.text.split()) if text.token_ids is None else len(text.token_ids)
