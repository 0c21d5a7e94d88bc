"""From the messages and tools of a request to the `Chat` that experts read."""

from __future__ import annotations

from orchestrator.api.messages import ImagePartIn, MessageIn, NamedTool, ToolIn
from orchestrator.api.requests import ChatRequest
from orchestrator.engines.base import Chat, ImagePart, Message, Part, Role, TextPart, Tool, ToolCall
from orchestrator.errors import InvalidRequestError

#: OpenAI's newer name for the system role means the same here.
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}
_LEFT_ASIDE = frozenset({"refusal", "annotations", "reasoning", "reasoning_content"})


def chat_of(request: ChatRequest) -> Chat:
    """The conversation to continue.

    Raises:
        InvalidRequestError: a message lacks what its role needs, or tools contradict each other.
    """
    messages = tuple(_message(turn, place) for place, turn in enumerate(request.messages))
    if not request.tools:
        _check_toolless(request)
        return Chat(messages=messages)
    return Chat(
        messages=messages,
        tools=_tools(request.tools),
        tool_choice=_tool_choice(request),
        parallel_tool_calls=request.parallel_tool_calls is not False,
    )


def left_aside(request: ChatRequest) -> tuple[str, ...]:
    """Keys of earlier assistant messages that are accepted and not read."""
    names = {name for turn in request.messages for name in _LEFT_ASIDE & turn.model_fields_set}
    return tuple(
        f"messages[].{name}"
        for name in sorted(names)
        if any(getattr(turn, name) not in (None, []) for turn in request.messages)
    )


def _message(turn: MessageIn, place: int) -> Message:
    _check_turn(turn, f"messages[{place}]")
    if isinstance(turn.content, str):
        content: tuple[Part, ...] = (TextPart(text=turn.content),)
    else:
        content = tuple(_part(part) for part in turn.content or ())
    return Message(
        role=_ROLES[turn.role],
        content=content,
        name=turn.name,
        tool_calls=tuple(
            ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments)
            for call in turn.tool_calls or ()
        ),
        tool_call_id=turn.tool_call_id,
    )


def _check_turn(turn: MessageIn, path: str) -> None:
    if turn.role == "tool" and turn.tool_call_id is None:
        raise _missing(f"{path}.tool_call_id", "messages of role 'tool' name the call they answer")
    if turn.content is None and not (turn.role == "assistant" and turn.tool_calls):
        raise _missing(f"{path}.content", "only assistant messages with 'tool_calls' may omit it")
    if turn.role != "assistant" and turn.tool_calls:
        raise InvalidRequestError(
            f"'{path}.tool_calls' is only allowed in messages of role 'assistant', "
            f"not {turn.role!r}",
            param=f"{path}.tool_calls",
        )
    if turn.role != "user" and isinstance(turn.content, list):
        _refuse_images(turn, path)


def _refuse_images(turn: MessageIn, path: str) -> None:
    for place, part in enumerate(turn.content or ()):
        if isinstance(part, ImagePartIn):
            raise InvalidRequestError(
                f"'{path}.content[{place}]' is an image; only messages of role 'user' may have "
                f"them, not {turn.role!r}",
                param=f"{path}.content[{place}]",
            )


def _missing(path: str, why: str) -> InvalidRequestError:
    return InvalidRequestError(f"{path!r} is required: {why}", param=path)


def _part(part: object) -> Part:
    if isinstance(part, ImagePartIn):
        return ImagePart(url=part.image_url.url, detail=part.image_url.detail)
    return TextPart(text=part.text)  # type: ignore[attr-defined]


def _tools(tools: list[ToolIn]) -> tuple[Tool, ...]:
    names = [tool.function.name for tool in tools]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise InvalidRequestError(
                f"'tools[{place}].function.name' {name!r} is there twice; names must differ",
                param=f"tools[{place}].function.name",
            )
    return tuple(
        Tool(
            name=tool.function.name,
            description=tool.function.description,
            parameters=tool.function.parameters or {},
            strict=tool.function.strict,
        )
        for tool in tools
    )


def _tool_choice(request: ChatRequest) -> str:
    choice = request.tool_choice
    if not isinstance(choice, NamedTool):
        return choice or "auto"
    known = [tool.function.name for tool in request.tools or ()]
    if choice.function.name not in known:
        raise InvalidRequestError(
            f"'tool_choice' names function {choice.function.name!r}, which is not in 'tools'; "
            f"there: {known}",
            param="tool_choice",
        )
    return f"function:{choice.function.name}"


def _check_toolless(request: ChatRequest) -> None:
    """Settings of tools make no sense without tools (OpenAI refuses them as well)."""
    for name in ("tool_choice", "parallel_tool_calls"):
        if getattr(request, name) not in (None, "none"):
            raise InvalidRequestError(f"{name!r} is only allowed with 'tools'", param=name)
