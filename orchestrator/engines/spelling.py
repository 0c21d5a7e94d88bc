"""What a single token stands for: its bytes, and text for people."""

from __future__ import annotations

import re

from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel

_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_BLANK = "\u2581"


class Spelling:
    """Spells tokens of one tokenizer; each is worked out once.

    Decoding a token alone loses the bytes of half a character and the blank before a word, so
    the vocabulary's own notation is read: byte-level letters, `<0xE2>` and the low block.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._added = {
            token_id: added.content
            for token_id, added in tokenizer.get_added_tokens_decoder().items()
        }
        self._byte_by_letter = _byte_letters() if isinstance(tokenizer.decoder, ByteLevel) else {}
        self._bytes_by_id: dict[int, bytes] = {}

    def bytes_of(self, token_id: int) -> bytes:
        """The bytes this token adds to a text; none for an id outside the vocabulary."""
        known = self._bytes_by_id.get(token_id)
        if known is None:
            known = self._bytes_by_id[token_id] = self._spell(token_id)
        return known

    def text_of(self, token_id: int) -> str:
        """The token as text; bytes that are no character alone become the replacement mark."""
        return self.bytes_of(token_id).decode("utf-8", errors="replace")

    def _spell(self, token_id: int) -> bytes:
        if token_id in self._added:
            return self._added[token_id].encode()
        letters = self._tokenizer.id_to_token(token_id)
        if letters is None:
            return b""
        if self._byte_by_letter and all(letter in self._byte_by_letter for letter in letters):
            return bytes(self._byte_by_letter[letter] for letter in letters)
        byte = _BYTE_TOKEN.fullmatch(letters)
        if byte:
            return bytes([int(byte[1], 16)])
        return letters.replace(_BLANK, " ").encode()


def _byte_letters() -> dict[str, int]:
    """The letter that stands for each byte in byte-level vocabularies.

    Source: GPT-2's `bytes_to_unicode`; printable bytes stand for themselves, the other 68 for
    the letters from U+0100 on, in order.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in set(printable)]
    letters = {chr(byte): byte for byte in printable}
    return letters | {chr(0x100 + place): byte for place, byte in enumerate(others)}
