"""The text a request is routed by: bounded, and mostly the last thing the user said."""

from __future__ import annotations

from orchestrator.engines.base import Chat, Prompt

#: Longest text handed to a router, characters. Longer turns keep their head and their tail, where
#: people put what they ask for.
MAX_CHARS = 4000

#: A last turn shorter than this ("and of Spain?") says too little alone: the user turn before it
#: goes in front.
FOLLOW_UP_CHARS = 16


def digest(prompt: Prompt) -> str:
    """What of `prompt` decides where it goes.

    The last user turn; with the one before when it is a short follow-up; every turn when no user
    spoke; the raw text of a completion. Never longer than `MAX_CHARS`.
    """
    if not isinstance(prompt, Chat):
        return _bounded(prompt.text)
    turns = [message.text for message in prompt.messages if message.role == "user"]
    if not turns:
        turns = ["\n".join(message.text for message in prompt.messages)]
    if len(turns) > 1 and len(turns[-1].strip()) < FOLLOW_UP_CHARS:
        return _bounded(f"{turns[-2]}\n{turns[-1]}")
    return _bounded(turns[-1])


def _bounded(text: str) -> str:
    if len(text) <= MAX_CHARS:
        return text
    half = MAX_CHARS // 2
    return f"{text[: half - 1]}\n{text[-half:]}"
