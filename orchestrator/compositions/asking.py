"""Asks an expert in a role: the conversation, its last user turn put as the role's prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from orchestrator.engines.base import Chat, Message, Part, TextPart
from orchestrator.errors import PromptError, RegistryError
from orchestrator.prompts.catalogue import loaded, shipped
from orchestrator.prompts.roles import Role
from orchestrator.prompts.template import Template, Value
from orchestrator.registry.composition_entry import CompositionEntry

#: The prompts of one composition, by role.
Prompts = Mapping[Role, Template]


def prompts_of(spec: CompositionEntry, *, composition_id: str) -> Prompts:
    """A prompt for each role that compositions of this kind give: the entry's own, or the shipped.

    Args:
        spec: an entry of a loaded registry, whose paths are absolute.
        composition_id: its name in the registry.

    Raises:
        RegistryError: a file of the entry cannot be used; names composition, file and line.
    """
    try:
        return {
            role: loaded(Path(spec.prompts[role]), role) if role in spec.prompts else shipped(role)
            for role in spec.roles
        }
    except PromptError as exc:
        raise RegistryError(f"composition {composition_id!r} cannot be used: {exc}") from exc


def asked(chat: Chat, template: Template, **values: Value) -> Chat:
    """`chat` with a role's prompt in the place of its last user turn's text, and without tools.

    Other turns stay as they are, and images of that turn, so that who is asked sees the
    conversation.

    Args:
        chat: a conversation.
        template: of the role.
        values: the variables of the role but for `message`, which is that text.

    Raises:
        PromptError: the prompt cannot be made of these values.
    """
    said = template.render(message=message_of(chat), **values)
    return restated(chat, said)


def message_of(chat: Chat) -> str:
    """The text of the last user turn, of the last turn where no user spoke."""
    return chat.messages[_last(chat)].text


def restated(chat: Chat, text: str) -> Chat:
    """`chat` with `text` in the place of its last user turn's, and without tools."""
    turns, last = list(chat.messages), _last(chat)
    turns[last] = replace(turns[last], content=_put(turns[last], text))
    return Chat(messages=tuple(turns))


def alone(chat: Chat, text: str, *, with_system: bool = False) -> Chat:
    """`text` as the one turn of a conversation, with the images of the last user turn.

    Args:
        chat: the conversation it is part of.
        text: what is asked.
        with_system: it stands behind what the operator said, whose form the answer is to have.
    """
    last = _last(chat)
    before = chat.messages[:last] if with_system else ()
    system = [turn for turn in before if turn.role == "system"]
    return Chat(messages=(*system, restated(chat, text).messages[last]))


def _last(chat: Chat) -> int:
    """Place of the last user turn, of the last turn where no user spoke."""
    turns = chat.messages
    return max((at for at, turn in enumerate(turns) if turn.role == "user"), default=len(turns) - 1)


def _put(turn: Message, said: str) -> tuple[Part, ...]:
    """The parts of a turn with `said` where its text began, behind them where it has none."""
    place = next((at for at, p in enumerate(turn.content) if isinstance(p, TextPart)), None)
    before = turn.content if place is None else turn.content[:place]
    after = () if place is None else turn.content[place:]
    return (*before, TextPart(text=said), *(p for p in after if not isinstance(p, TextPart)))
