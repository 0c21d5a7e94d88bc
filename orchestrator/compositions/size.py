"""How long a prompt is, in tokens, before anybody has tokenised it: a low and a high estimate.

Each expert has a tokenizer of its own, so a gateway can only bound what they make of a text. Prose
and code are 3.3 to 5 characters a token in vocabularies of 30,000 and more; the high estimate
takes 2.5, the low one 8. A vocabulary of bytes alone has more tokens than the high estimate says:
the engine counts for itself and refuses what does not fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from orchestrator.engines.base import Chat, ImagePart, Message, Prompt

#: Tokens a character, at least and at most.
_LEAST_A_CHAR, _MOST_A_CHAR = 1 / 8, 1 / 2.5
#: Beside that, of each byte of UTF-8 beyond one a character: 1.4 for a Chinese character.
_MOST_A_BYTE = 0.5
#: What a template writes around a turn.
_MOST_A_TURN = 8.0
#: And before the first of them: some have a system text of their own.
_MOST_A_TEMPLATE = 64
#: Of an image, by the tables of providers.
_LEAST_AN_IMAGE, _MOST_AN_IMAGE = 64.0, 1536.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Tokens of a prompt."""

    #: Surely more than this, nearly always fewer than that.
    low: int
    high: int
    #: No vocabulary makes more of it: a token a byte.
    most: int


def size_of(prompt: Prompt) -> Size:
    """The size of `prompt` with its tools; token ids are counted."""
    if isinstance(prompt, Chat):
        return _chat(prompt)
    if prompt.token_ids is not None:
        num_ids = len(prompt.token_ids)
        return Size(low=num_ids, high=num_ids, most=num_ids)
    return _size(len(prompt.text), _beyond(prompt.text))


def _chat(chat: Chat) -> Size:
    num_chars = num_beyond = num_images = 0
    for turn in chat.messages:
        for text in _texts(turn):
            num_chars += len(text)
            num_beyond += _beyond(text)
        num_images += sum(isinstance(part, ImagePart) for part in turn.content)
    if chat.tools and chat.tool_choice != "none":
        num_chars += sum(len(tool.description or "") for tool in chat.tools)
        num_chars += sum(len(orjson.dumps(tool.parameters)) for tool in chat.tools)
    return _size(num_chars, num_beyond, num_turns=len(chat.messages), num_images=num_images)


def _texts(turn: Message) -> list[str]:
    said = [part.text for part in turn.content if not isinstance(part, ImagePart)]
    return said + [call.arguments for call in turn.tool_calls] if turn.tool_calls else said


def _size(num_chars: int, num_beyond: int, *, num_turns: int = 0, num_images: int = 0) -> Size:
    low = num_chars * _LEAST_A_CHAR + num_images * _LEAST_AN_IMAGE
    high = num_chars * _MOST_A_CHAR + num_beyond * _MOST_A_BYTE
    high += num_turns * _MOST_A_TURN + num_images * _MOST_AN_IMAGE
    most = num_chars + num_beyond + num_turns * _MOST_A_TURN + num_images * _MOST_AN_IMAGE
    return Size(low=int(low), high=int(high) + 1, most=int(most) + _MOST_A_TEMPLATE)


def _beyond(text: str) -> int:
    """Bytes of `text` in UTF-8 beyond one a character."""
    if text.isascii():  # known without looking
        return 0
    return len(text.encode("utf-8", "surrogatepass")) - len(text)
