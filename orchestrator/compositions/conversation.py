"""Where in a conversation a request stands, told from its messages alone: no state is kept."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from orchestrator.engines.base import Chat, Message

#: Of each text that a conversation is known again by, characters.
_MAX_CHARS = 4000


def is_in_tool_loop(chat: Chat) -> bool:
    """Whether tools were called since the user spoke last, so that the same expert goes on."""
    for turn in reversed(chat.messages):
        if turn.role == "user":
            return False
        if turn.role == "tool" or turn.tool_calls:
            return True
    return False


def before_loop(chat: Chat) -> Sequence[Message]:
    """The turns up to the user's last: they stay what they are while tools are called."""
    last = max((at for at, turn in enumerate(chat.messages) if turn.role == "user"), default=-1)
    return chat.messages[: last + 1] or chat.messages


def opening_of(chat: Chat) -> str:
    """The same for every request of a conversation: digits of its system prompt and first turn."""
    system = next((turn.text for turn in chat.messages if turn.role == "system"), "")
    first = next((turn.text for turn in chat.messages if turn.role == "user"), "")
    return _digits(system, first)


def turn_of(chat: Chat) -> str:
    """The same for every request of a tool loop, another for the next user turn; as digits."""
    said = [turn for turn in chat.messages if turn.role == "user"]
    return _digits(opening_of(chat), str(len(said)), said[-1].text if said else "")


def _digits(*texts: str) -> str:
    found = 0
    for text in texts:
        found = zlib.crc32(text[:_MAX_CHARS].encode("utf-8", "replace") + b"\0", found)
    return f"{found:08x}"
