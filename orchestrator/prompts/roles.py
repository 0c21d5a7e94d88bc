"""The roles that compositions give to experts, and what each of them is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal[
    "skills",
    "synthesise",
    "judge",
    "constraint",
    "compare",
    "rank",
    "decompose",
    "solve",
    "filter_choices",
    "prior_knowledge",
    "with_knowledge",
    "summarise",
]

#: `parts` are sub-questions, each a mapping of `question` and `answer`.
Form = Literal["text", "texts", "parts"]
#: Who wrote it: the caller, another expert, or the operator. Only the operator's gives orders.
Author = Literal["caller", "expert", "operator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One value that a prompt of a role may name."""

    form: Form = "text"
    author: Author = "expert"


#: Text of the conversation's last user turn.
_MESSAGE = {"message": Variable(author="caller")}
_CANDIDATE = {**_MESSAGE, "candidate": Variable()}
_CANDIDATES = {**_MESSAGE, "candidates": Variable(form="texts")}

#: Role -> the variables that its prompts are given, by name.
VARIABLES: Mapping[Role, Mapping[str, Variable]] = {
    "skills": _MESSAGE,
    "synthesise": _CANDIDATES,
    "judge": _CANDIDATE,
    "constraint": {**_CANDIDATE, "criterion": Variable(author="operator")},
    "compare": {**_MESSAGE, "first": Variable(), "second": Variable()},
    "rank": _CANDIDATES,
    "decompose": {**_MESSAGE, "attempt": Variable()},
    "solve": {**_MESSAGE, "parts": Variable(form="parts")},
    "filter_choices": {**_MESSAGE, "choices": Variable(form="texts", author="caller")},
    "prior_knowledge": _MESSAGE,
    "with_knowledge": {**_MESSAGE, "knowledge": Variable()},
    "summarise": _CANDIDATE,
}

ROLES: tuple[Role, ...] = get_args(Role)
