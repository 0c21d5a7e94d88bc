"""The inputs of an embedding call as token ids, by the expert's own tokenizer."""

from __future__ import annotations

from tokenizers import Tokenizer

from orchestrator.engines.embedding import EmbedCall, field_of
from orchestrator.errors import (
    ContextTooLongError,
    InvalidRequestError,
    UnsupportedParameterError,
)


class EmbedInputs:
    """Tokenises for one expert, and refuses what its model cannot take.

    Args:
        expert_id: for messages.
        backend: its tokenizer; cutting and padding, which sentence-transformers' files ask for,
            are switched off in a copy.
        max_model_len: tokens that one input may have, special ones included.
        vocab_size: ids below it are known to the model.
        lowercases: whether texts are lowered first (`do_lower_case` of sentence-transformers).
    """

    def __init__(
        self,
        expert_id: str,
        backend: Tokenizer,
        *,
        max_model_len: int,
        vocab_size: int,
        lowercases: bool = False,
    ) -> None:
        self._expert_id = expert_id
        self._max_model_len = max_model_len
        self._vocab_size = vocab_size
        self._lowercases = lowercases
        self.backend = Tokenizer.from_str(backend.to_str())
        self.backend.no_truncation()
        self.backend.no_padding()

    def token_ids(self, call: EmbedCall) -> list[list[int]]:
        """Token ids of every input; a text gets the special tokens, ids are taken as they are.

        Raises:
            ContextTooLongError: an input is longer than the context; nothing is cut.
            InvalidRequestError: an input has no tokens, or an id is not of the vocabulary.
        """
        found = [list(one.token_ids or ()) for one in call.inputs]
        places = [place for place, one in enumerate(call.inputs) if one.token_ids is None]
        texts = [call.inputs[place].text for place in places]
        if self._lowercases:
            texts = [text.lower() for text in texts]
        for place, encoding in zip(places, self.backend.encode_batch(texts), strict=True):
            found[place] = encoding.ids
        for index, ids in enumerate(found):
            self._check(ids, field_of(call, index))
        return found

    def _check(self, ids: list[int], path: str) -> None:
        if not ids:
            raise InvalidRequestError(
                f"expert {self._expert_id!r}: {path!r} has no tokens", param=path
            )
        if len(ids) > self._max_model_len:
            raise ContextTooLongError(
                f"expert {self._expert_id!r}: {path!r} has {len(ids)} tokens, its context holds "
                f"{self._max_model_len}; cut the text or split it",
                param=path,
            )
        if max(ids) >= self._vocab_size:
            raise InvalidRequestError(
                f"expert {self._expert_id!r}: {path!r} has token id {max(ids)}, its vocabulary "
                f"ends at {self._vocab_size - 1}",
                param=path,
            )


def vector_length(call: EmbedCall, *, full: int, lengths: tuple[int, ...]) -> int | None:
    """The length to cut vectors to, `None` where the whole vector is asked for.

    Args:
        call: what is asked.
        full: length of a whole vector.
        lengths: those the model is trained for (matryoshka); none where it is trained for one.

    Raises:
        UnsupportedParameterError: the first numbers of a vector alone would mean nothing.
    """
    asked = call.dimensions
    if asked is None or asked == full:
        return None
    if asked in lengths:
        return asked
    known = f"allowed: {_ranges(lengths)} and {full}" if lengths else f"only {full}"
    raise UnsupportedParameterError(
        f"expert {call.expert!r} is not trained for vectors of {asked} dimensions, {known}",
        param="dimensions",
    )


def _ranges(lengths: tuple[int, ...]) -> str:
    is_run = lengths == tuple(range(lengths[0], lengths[-1] + 1)) and len(lengths) > 2
    return f"{lengths[0]} to {lengths[-1]}" if is_run else ", ".join(map(str, lengths))
