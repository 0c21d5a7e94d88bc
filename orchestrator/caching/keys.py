"""Under which key an answer is kept: all that decides what it may be, and who may see it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

import orchestrator
from orchestrator.compositions.base import Query
from orchestrator.compositions.embedding import EmbedQuery
from orchestrator.engines.base import Chat, TextPart

#: Of the form of keys and values: another one finds nothing of this one's.
_FORM = 1
_OPTIONS = orjson.OPT_NON_STR_KEYS

#: Longer questions are compared as they are: an embedding of them says little.
MAX_QUESTION_CHARS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Within which answers are told again."""

    #: Of the registry, whatever changed in it.
    generation: int
    #: Who may answer, by the caller's terms.
    policy: str = ""
    #: Whose answers these are; empty where callers share them.
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The last turn of a conversation, and the key of all else that is asked."""

    text: str
    #: What is the same of all questions that may have one answer.
    context: str


def answer_key(query: Query, scope: Scope) -> str | None:
    """The key of the answer to `query`; `None` where JSON has no form for what it holds."""
    return _digest(
        {"kind": "answer", "scope": asdict(scope), **_said(query), "prompt": query.prompt}
    )


def vectors_key(query: EmbedQuery, scope: Scope) -> str | None:
    """The key of the vectors of `query`; `None` as of an answer."""
    said = {
        "kind": "vectors",
        "scope": asdict(scope),
        "model": query.model,
        "inputs": query.inputs,
        "dimensions": query.dimensions,
        "limits": query.limits,
    }
    return _digest(said)


def question_of(query: Query, scope: Scope) -> Question | None:
    """The question of a conversation that ends with a text of its user; `None` of any other."""
    prompt = query.prompt
    if not isinstance(prompt, Chat) or not prompt.messages:
        return None
    last = prompt.messages[-1]
    is_text = all(isinstance(part, TextPart) for part in last.content)
    if last.role != "user" or not is_text or not 0 < len(last.text) <= MAX_QUESTION_CHARS:
        return None
    before = replace(prompt, messages=(*prompt.messages[:-1], replace(last, content=())))
    said = {"kind": "like", "scope": asdict(scope), **_said(query), "prompt": before}
    context = _digest(said)
    return None if context is None else Question(text=last.text, context=context)


def _said(query: Query) -> dict[str, Any]:
    """What of a query beside its prompt decides its answer; how it is sent does not."""
    return {
        "model": query.model,
        "sampling": query.sampling,
        "structure": query.structure,
        "echo": query.echo,
        "limits": query.limits,
    }


def _digest(said: Mapping[str, Any]) -> str | None:
    whole = {"form": _FORM, "service": orchestrator.__version__, **said}
    try:
        text = orjson.dumps(whole, default=_plain, option=_OPTIONS)
    except orjson.JSONEncodeError:  # as of numbers beyond 64 bits in a schema
        return None
    return hashlib.sha256(text).hexdigest()


def _plain(value: object) -> object:
    """What JSON has no form for; sets in order."""
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no part of a key")
