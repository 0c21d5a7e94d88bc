"""The texts a request is routed by: bounded, and mostly the last thing the user said.

What an assistant or a tool said is never read, so that no answer steers where the next one comes
from, and a loop of tool calls is routed all along by the user turn that began it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrator.engines.base import Chat, Prompt

#: Longest text handed to a router, characters. Longer turns keep their head and their tail, where
#: people put what they ask for.
MAX_CHARS = 4000

#: A last turn shorter than this may say too little alone, characters.
SHORT_CHARS = 16
#: One that points back ("And of Spain?") is a follow-up up to this length: longer ones say by
#: themselves what they are about, characters.
FOLLOW_UP_CHARS = 40
#: Words that point back. Of the demo's 7,200 questions, which stand for themselves, 0.3 % have one
#: and are as short; other languages are left to the router's own doubt.
_POINTS_BACK = re.compile(
    r"^\W*(?:(?:and|or|also|now|next|again|another|same|once more|instead)\b"
    r"|(?:what|how) (?:about|else|if)\b|the (?:same|other|next)\b|are you sure\b)"
    r"|\b(?:again|instead|(?:that|this|next|other|last|same|previous) one|your answer)\W*$",
    re.IGNORECASE,
)

#: How many user turns back the one that began the topic is looked for; and what stands before the
#: last turn, characters of that turn and of the system prompt.
_MAX_TURNS_BACK = 8
_TOPIC_CHARS, _SYSTEM_CHARS = 1000, 500


def digest(prompt: Prompt) -> tuple[str, ...]:
    """Texts of `prompt` to route by, each where the one before it leaves the router unsure.

    None is longer than `MAX_CHARS`. The last user turn; of a follow-up the turn that began its
    topic and itself. A turn that is short without pointing back is a follow-up where the router
    is unsure of it alone. Then the system prompt and the last turn. Every turn where no user
    spoke; the raw text of a completion.
    """
    if not isinstance(prompt, Chat):
        return (_bounded(prompt.text, MAX_CHARS),)
    turns = [message for message in prompt.messages if message.role == "user"]
    said = [turn.text for turn in turns[-1 - _MAX_TURNS_BACK :]]
    if not said:
        whole = "\n".join(message.text for message in prompt.messages)
        return (_bounded(whole, MAX_CHARS),)
    last, topic = said[-1].strip(), _topic(said[:-1])
    if topic and _points_back(last):
        return (_joined(topic, last),)
    texts = [_bounded(said[-1], MAX_CHARS)]
    if topic and len(last) < SHORT_CHARS:
        texts.append(_joined(topic, last))
    system = next((turn.text for turn in prompt.messages if turn.role == "system"), "").strip()
    if system:
        texts.append(_joined(_bounded(system, _SYSTEM_CHARS), last))
    return tuple(texts)


def _topic(before: Sequence[str]) -> str:
    """Of the user turns before the last, the newest that stands for itself; else the newest."""
    recent = [text for turn in before if (text := turn.strip())]
    alone = (one for one in reversed(recent) if len(one) >= SHORT_CHARS and not _points_back(one))
    return _bounded(next(alone, recent[-1] if recent else ""), _TOPIC_CHARS)


def _points_back(text: str) -> bool:
    return len(text) <= FOLLOW_UP_CHARS and _POINTS_BACK.search(text) is not None


def _joined(before: str, last: str) -> str:
    return f"{before}\n{_bounded(last, MAX_CHARS - len(before) - 1)}"


def _bounded(text: str, max_chars: int) -> str:
    if len(text) <= max_chars:
        return text
    half = max_chars // 2
    return f"{text[: half - 1]}\n{text[-(max_chars - half) :]}"
