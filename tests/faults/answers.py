"""What the scripted upstream says: words that name the request they answer.

So an answer with another request's words is seen at once, and one that was continued is compared
word by word.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

NUM_WORDS = 8


def answer_to(text: str, *, num_words: int = NUM_WORDS) -> str:
    """The whole answer to a prompt; every word has two characters of more than one byte."""
    tag = hashlib.sha256(text.encode()).hexdigest()[:10]
    return " ".join(f"«{tag}.{place}»" for place in range(num_words))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, as far as the upstream minds it."""

    model: str
    text: str
    #: What an assistant has said already and is to go on with.
    begun: str = ""
    num_words: int = NUM_WORDS
    has_usage: bool = False
    is_chat: bool = True
    is_streamed: bool = False

    @property
    def pieces(self) -> list[str]:
        """What is still to be said, a word a piece."""
        words = answer_to(self.text).split(" ")
        pieces = [words[0], *(f" {word}" for word in words[1:])]
        said = self.begun
        while said and pieces and said.startswith(pieces[0]):
            said = said.removeprefix(pieces.pop(0))
        if said and pieces:
            pieces[0] = pieces[0].removeprefix(said)
        return pieces[: self.num_words]

    @property
    def finish_reason(self) -> str:
        """`length` where it was to say less than it had to say."""
        return "length" if self.num_words < NUM_WORDS - len(self.begun.split()) else "stop"

    @property
    def usage(self) -> dict[str, int]:
        """Words as tokens."""
        return {
            "prompt_tokens": len(self.text.split()) + len(self.begun.split()),
            "completion_tokens": len(self.pieces),
            "total_tokens": len(self.text.split()) + len(self.begun.split()) + len(self.pieces),
        }


def asked_by(body: dict[str, Any]) -> Asked:
    """The request in a body of `/chat/completions` or `/completions`."""
    turns = body.get("messages")
    text, begun = str(body.get("prompt", "")), ""
    if turns is not None:
        text = next((_text(t) for t in reversed(turns) if t["role"] == "user"), "")
        begun = _text(turns[-1]) if turns[-1]["role"] == "assistant" else ""
    elif "\n=" in text:  # raw text: what follows the mark was said already
        text, _, begun = text.partition("\n=")
    return Asked(
        model=str(body.get("model", "")),
        text=text,
        begun=begun,
        num_words=body.get("max_tokens") or NUM_WORDS,
        has_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        is_chat=turns is not None,
        is_streamed=bool(body.get("stream")),
    )


def _text(turn: dict[str, Any]) -> str:
    content = turn["content"] or ""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")
