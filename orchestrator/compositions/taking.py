"""What compositions of several calls take of what callers may send."""

from __future__ import annotations

from orchestrator.compositions.base import Query
from orchestrator.compositions.conversation import is_in_tool_loop
from orchestrator.engines.base import Chat
from orchestrator.errors import UnsupportedParameterError


def refuse_unfit(query: Query, composition_id: str) -> None:
    """Make sure that several calls can come to the one answer that `query` wants.

    Raises:
        UnsupportedParameterError: it wants several answers, or calls of tools, on which nobody
            can vote.
    """
    if query.sampling.n > 1:
        raise UnsupportedParameterError(
            f"'n' is {query.sampling.n} and model {composition_id!r} makes one answer of many: "
            "leave 'n' out, or name an expert",
            param="n",
        )
    chat = query.prompt
    if not isinstance(chat, Chat):
        return
    if (chat.tools and chat.tool_choice != "none") or is_in_tool_loop(chat):
        raise UnsupportedParameterError(
            f"model {composition_id!r} makes one answer of many texts and calls no tools: name an "
            "expert or a composition of kind 'route'",
            param="tools",
        )


def refuse_without_turns(query: Query, composition_id: str) -> None:
    """Make sure that candidates can be put behind a turn of a conversation.

    Raises:
        UnsupportedParameterError: it is a raw text to continue.
    """
    if not isinstance(query.prompt, Chat):
        raise UnsupportedParameterError(
            f"model {composition_id!r} has an expert write one answer from several, which takes a "
            "conversation: send it to /v1/chat/completions",
            param="prompt",
        )
