"""What routers are told of a request beside the text it is routed by."""

from __future__ import annotations

import zlib

from orchestrator.compositions.base import Query
from orchestrator.compositions.conversation import before_loop, is_in_tool_loop, opening_of, turn_of
from orchestrator.compositions.recalled import may_recall
from orchestrator.engines.base import Chat, ImagePart
from routers.base import Traits

#: Key of a request's `metadata` under which its caller names skills, separated by commas.
SKILLS_KEY = "skills"

#: Longest system text handed to a router, characters.
_MAX_CHARS = 4000


def traits_of(query: Query) -> Traits:
    """What is known of a request before anybody answers.

    Where the caller does not say who asks, the conversation stands for them: all of its requests
    are compared by the same router, and those of a tool loop are drawn alike.
    """
    skills = _skills(query.metadata.get(SKILLS_KEY))
    seed = query.sampling.seed
    if not isinstance(query.prompt, Chat):
        return Traits(
            num_chars=len(query.prompt.text),
            skills=skills,
            may_recall=False,
            caller=query.user or query.id,
            seed=zlib.crc32(query.id.encode()) if seed is None else seed,
        )
    chat = query.prompt
    has_images = any(isinstance(part, ImagePart) for turn in chat.messages for part in turn.content)
    return Traits(
        system="\n".join(t.text for t in chat.messages if t.role == "system")[:_MAX_CHARS],
        num_chars=sum(len(turn.text) for turn in before_loop(chat)),
        has_tools=(bool(chat.tools) and chat.tool_choice != "none") or is_in_tool_loop(chat),
        modalities=frozenset({"image"}) if has_images else frozenset(),
        skills=skills,
        may_recall=may_recall(query),
        caller=query.user or opening_of(chat),
        seed=int(turn_of(chat), 16) if seed is None else seed,
    )


def _skills(named: str | None) -> tuple[str, ...] | None:
    if named is None:
        return None
    return tuple(skill.strip().lower() for skill in named.split(",") if skill.strip())
