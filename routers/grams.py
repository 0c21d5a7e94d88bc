"""Hashed words, word pairs and character n-grams: what a text is spelled like.

An embedding knows what words mean but not that `XIV` is a numeral, that `3, 17, 9` is a list, or
that `captial` is a typo. These features do, and their weights are one small table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROMAN = r"m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})"
_NUMERAL = re.compile(rf"\b(?=[ivxlcdm]{{2}})(?!(?:mix|di|mi|cd|dc|cc|mm|md|cv|ml|xx)\b){_ROMAN}\b")
_DIGITS = re.compile(r"\d+")
_SPACES = re.compile(r"\s+")

#: Stand in the text for what they replace; control characters that no normalised text holds.
_NUMERAL_MARK = "\x02"
_DIGITS_MARK = "0"
_BREAK = 0
_SPACE = 32

#: Squared length of a row at most: it is one without repeated grams and under three for every
#: question of the demo. A thousand times one letter is not a thousand times as telling.
_MAX_SQUARE = 3.0

_BASE = np.uint64(0x9E3779B97F4A7C15)
#: The inverse of `_BASE` modulo 2**64: shifts a hash back to the start of the text.
_BASE_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 2**64))
_MIX = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseRows:
    """Rows with few values that are not zero, ordered by row."""

    #: Row of each value, shape [n_values].
    rows: NDArray[np.int64]
    #: Column of each value, shape [n_values].
    columns: NDArray[np.int64]
    #: Shape [n_values].
    values: NDArray[np.float32]
    num_rows: int

    def dot(self, table: NDArray[np.float32]) -> NDArray[np.float32]:
        """The product with `table` of shape [n_columns, dim]: shape [num_rows, dim]."""
        if not len(self.rows):
            return np.zeros((self.num_rows, table.shape[1]), dtype=np.float32)
        terms = table[self.columns] * self.values[:, None]
        starts = _firsts(self.rows)
        out = np.zeros((self.num_rows, table.shape[1]), dtype=np.float32)
        out[self.rows[starts]] = np.add.reduceat(terms, starts, axis=0)
        return out


def shaped(text: str) -> str:
    """`text` in lower case, with numbers and roman numerals replaced by their marks."""
    text = unicodedata.normalize("NFKC", text).lower().replace("\x00", " ")
    text = _NUMERAL.sub(_NUMERAL_MARK, text)
    return _SPACES.sub(" ", _DIGITS.sub(_DIGITS_MARK, text)).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedGrams:
    """Maps texts to sparse rows of about unit norm.

    A rolling polynomial hash modulo 2**64 gives the hash of any span from two prefix sums, so
    words, pairs and n-grams of a whole batch take a few numpy calls.
    """

    #: Columns are 2**bits; hashes share one when they meet.
    bits: int
    #: Lengths of character n-grams, in bytes.
    char_lengths: tuple[int, ...]
    #: Lengths of word n-grams.
    word_lengths: tuple[int, ...]
    #: Share of the squared norm that words get; the rest goes to characters.
    word_share: float

    @property
    def _shift(self) -> int:
        return 64 - self.bits

    def rows(self, texts: Sequence[str]) -> SparseRows:
        """One row per text, of bounded norm; one without a letter or digit is empty."""
        padded = (f" {part} ".encode() if (part := shaped(text)) else b"" for text in texts)
        spans = _Spans(np.frombuffer(b"\0" + b"\0".join(padded) + b"\0", dtype=np.uint8))
        words = self._group(*spans.words(self.word_lengths), self.word_share, len(texts))
        chars = self._group(*spans.chars(self.char_lengths), 1 - self.word_share, len(texts))
        rows = np.concatenate([words[0], chars[0]])
        columns = np.concatenate([words[1], chars[1]])
        values = np.concatenate([words[2], chars[2]])
        if not len(rows):
            return SparseRows(rows=rows, columns=columns, values=values, num_rows=len(texts))
        return _bounded(rows << self.bits | columns, values, bits=self.bits, num_rows=len(texts))

    def _group(
        self, hashes: NDArray[np.uint64], rows: NDArray[np.int64], share: float, num_rows: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Rows, columns and values; were no gram repeated, a row's squared norm is `share`."""
        columns = (hashes ^ (hashes >> np.uint64(32))) * _MIX >> np.uint64(self._shift)
        counts = np.bincount(rows, minlength=num_rows)
        scale = np.sqrt(share / np.maximum(counts, 1)).astype(np.float32)
        return rows, columns.astype(np.int64), scale[rows]


def _firsts(ordered: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each value of a non-empty row of ordered ones stands first."""
    is_first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return np.flatnonzero(is_first)


def _bounded(
    cells: NDArray[np.int64], values: NDArray[np.float32], *, bits: int, num_rows: int
) -> SparseRows:
    """Each cell once, with the sum of its values; rows no longer than `_MAX_SQUARE` allows."""
    order = cells.argsort()
    cells = cells[order]
    starts = _firsts(cells)
    sums = np.add.reduceat(values[order], starts)
    cells = cells[starts]
    rows, columns = cells >> bits, cells & (1 << bits) - 1
    squares = np.bincount(rows, weights=sums * sums, minlength=num_rows)
    if squares.max() > _MAX_SQUARE:
        bound = np.sqrt(_MAX_SQUARE / np.maximum(squares, _MAX_SQUARE)).astype(np.float32)
        sums = sums * bound[rows]
    return SparseRows(rows=rows, columns=columns, values=sums, num_rows=num_rows)


class _Spans:
    """Hashes of spans of one byte string that holds every text, with breaks between."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        powers = np.cumprod(np.full(len(data), _BASE))
        self._unpower = np.cumprod(np.full(len(data), _BASE_INVERSE))
        terms = (data.astype(np.uint64) + np.uint64(1)) * powers
        self._prefix = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(terms)])
        self._data = data
        self._row = np.cumsum(data == _BREAK) - 1

    def _hash(
        self, starts: NDArray[np.int64], ends: NDArray[np.int64], *, kind: int
    ) -> NDArray[np.uint64]:
        spans: NDArray[np.uint64] = self._prefix[ends] - self._prefix[starts]
        spans *= self._unpower[starts]
        spans += np.uint64(kind)
        return spans

    def chars(self, lengths: Sequence[int]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Hash and row of every span of so many bytes inside one text."""
        hashes, rows = [], []
        for length in lengths:
            starts = np.arange(max(0, len(self._data) - length + 1))
            ends = starts + length
            inside = (self._row[starts] == self._row[ends - 1]) & (self._data[starts] != _BREAK)
            starts, ends = starts[inside], ends[inside]
            hashes.append(self._hash(starts, ends, kind=length))
            rows.append(self._row[starts])
        return np.concatenate(hashes), np.concatenate(rows)

    def words(self, lengths: Sequence[int]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Hash and row of every run of so many words; a mark of punctuation is a word."""
        is_letter = _LETTERS[self._data]
        is_word = (self._data != _BREAK) & (self._data != _SPACE)
        begins = is_word & ~(is_letter & np.roll(is_letter, 1))
        finishes = is_word & ~(is_letter & np.roll(is_letter, -1))
        starts, ends = np.flatnonzero(begins), np.flatnonzero(finishes) + 1
        hashes, rows = [], []
        single = self._hash(starts, ends, kind=0)
        run = single
        for length in range(1, max(lengths, default=0) + 1):
            if length > 1:
                # A run is hashed from its words, so that the space between them is no matter.
                run = run[:-1] * _BASE + single[length - 1 :]
            if length in lengths:
                first, last = self._row[starts[: len(run)]], self._row[starts[length - 1 :]]
                inside = first == last[: len(first)]
                hashes.append((run + np.uint64(length * 101))[inside])
                rows.append(first[inside])
        return np.concatenate(hashes), np.concatenate(rows)


def _letter_table() -> NDArray[np.bool_]:
    table = np.zeros(256, dtype=np.bool_)
    table[list(b"abcdefghijklmnopqrstuvwxyz0'" + _NUMERAL_MARK.encode())] = True
    table[128:] = True
    return table


_LETTERS = _letter_table()
