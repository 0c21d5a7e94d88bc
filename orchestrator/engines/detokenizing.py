"""Token ids to text as they come, never cutting a character in two."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

_logger = logging.getLogger(__name__)

#: Prompt tokens the decoder sees first, so that a leading blank is kept or dropped rightly.
NUM_PRIMING_TOKENS = 5

_INVALID_PREFIX = "Invalid prefix encountered"


class Detokenizer:
    """Decodes one choice, token by token.

    Bytes of a character that is not complete are held back; those of a character that never gets
    complete are never shown.

    Args:
        tokenizer: the expert's own.
        prompt_token_ids: what the choice continues.
        skips_special: whether special tokens are left out of the text.
    """

    __slots__ = ("_skips_special", "_stream", "_tokenizer", "is_open")

    def __init__(
        self, tokenizer: Tokenizer, prompt_token_ids: Sequence[int], *, skips_special: bool = True
    ) -> None:
        self._tokenizer = tokenizer
        self._skips_special = skips_special
        #: Whether the last token's text is still to come, if it has any.
        self.is_open = False
        self._stream = DecodeStream(
            ids=list(prompt_token_ids[-NUM_PRIMING_TOKENS:]), skip_special_tokens=skips_special
        )

    def push(self, token_ids: Sequence[int]) -> str:
        """Take new tokens and return the text they complete."""
        if len(token_ids) == 1:
            text = self._step(token_ids[0])
            self.is_open = not text
            return text
        texts = [self._step(token_id) for token_id in token_ids]
        self.is_open = bool(texts) and not texts[-1]
        return "".join(texts)

    def _step(self, token_id: int) -> str:
        try:
            return self._stream.step(self._tokenizer, token_id) or ""
        except Exception as exc:  # tokenizers raises the base class for all its faults
            if not str(exc).startswith(_INVALID_PREFIX):
                raise
        # Bytes that can never become a character break the decoder's state: begin anew.
        _logger.warning("token %d broke the text decoder, which begins anew", token_id)
        self._stream = DecodeStream(skip_special_tokens=self._skips_special)
        return self._stream.step(self._tokenizer, token_id) or ""
