"""From a Responses request to the query that programs answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.api import parameters
from orchestrator.api.messages import JsonObject
from orchestrator.api.response_items import (
    FunctionCallItem,
    FunctionCallOutputItem,
    InputImage,
    Item,
    MessageItem,
)
from orchestrator.api.response_request import (
    REFUSED,
    SWITCHES,
    FunctionChoice,
    FunctionTool,
    ResponseRequest,
    SchemaFormat,
)
from orchestrator.compositions.base import Query
from orchestrator.engines.base import (
    Chat,
    ImagePart,
    Message,
    Part,
    Role,
    Sampling,
    Structure,
    TextPart,
    Tool,
    ToolCall,
)
from orchestrator.errors import InvalidRequestError, UnsupportedParameterError

LOGPROBS = "message.output_text.logprobs"
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}


def response_query(request: ResponseRequest, *, call_id: str) -> Query:
    """What a request for a response asks for.

    Raises:
        RequestError: it needs what is not kept here, or its fields contradict each other.
    """
    _refuse(request)
    return Query(
        id=f"resp_{call_id}",
        model=request.model,
        prompt=_chat(request),
        sampling=Sampling(
            temperature=request.temperature,
            top_p=request.top_p,
            max_tokens=request.max_output_tokens,
            top_logprobs=_top_logprobs(request),
        ),
        structure=_structure(request),
        is_streamed=bool(request.stream),
        user=request.user,
        metadata=request.metadata or {},
    )


def left_aside(request: ResponseRequest) -> tuple[str, ...]:
    """What the request carries and this service does not act on, by name."""
    reasoning, options = request.reasoning, request.stream_options
    is_sent = {
        "max_tool_calls": request.max_tool_calls is not None,
        "reasoning.summary": bool(reasoning and reasoning.summary),
        "reasoning.generate_summary": bool(reasoning and reasoning.generate_summary),
        "stream_options.include_obfuscation": bool(options and options.include_obfuscation),
    }
    included = (f"include[{name}]" for name in request.include or () if name != LOGPROBS)
    return (*(name for name, sent in is_sent.items() if sent), *included, *_items_aside(request))


def _items_aside(request: ResponseRequest) -> tuple[str, ...]:
    items = () if isinstance(request.input, str) else request.input
    return ("input[].reasoning",) if any(item.type == "reasoning" for item in items) else ()


def _refuse(request: ResponseRequest) -> None:
    text, reasoning = request.text, request.reasoning
    asked = {name: (_asks(request, name), why) for name, why in REFUSED.items()}
    asked |= {
        "truncation": (request.truncation == "auto", "prompts are never cut; shorten the input"),
        "text.verbosity": (
            text is not None and text.verbosity not in (None, "medium"),
            parameters.REFUSED["verbosity"],
        ),
        "reasoning.effort": (
            reasoning is not None and reasoning.effort is not None,
            parameters.REFUSED["reasoning_effort"],
        ),
    }
    for name, (is_asked, why) in asked.items():
        if is_asked:
            raise UnsupportedParameterError(
                f"parameter {name!r} is not supported: {why}", param=name
            )
    if request.stream_options is not None and not request.stream:
        raise InvalidRequestError(
            "'stream_options' is only allowed with 'stream': true", param="stream_options"
        )


def _asks(request: ResponseRequest, name: str) -> bool:
    """Whether a field asks for anything: `null` does not, nor does a switch that is off."""
    value = getattr(request, name)
    return value is not None and not (name in SWITCHES and value is False)


def _top_logprobs(request: ResponseRequest) -> int | None:
    if request.top_logprobs is None and LOGPROBS not in (request.include or ()):
        return None
    return request.top_logprobs or 0


def _structure(request: ResponseRequest) -> Structure | None:
    form = request.text and request.text.format
    if isinstance(form, SchemaFormat):
        return Structure(kind="json_schema", schema=form.schema_, name=form.name)
    return Structure(kind="json_object") if isinstance(form, JsonObject) else None


def _chat(request: ResponseRequest) -> Chat:
    given = request.input
    told = () if request.instructions is None else (_said("system", request.instructions),)
    turns = (_said("user", given),) if isinstance(given, str) else _turns(given)
    if not (told or turns):
        raise InvalidRequestError("'input' holds nothing to answer", param="input")
    if not request.tools and request.tool_choice not in (None, "auto", "none"):
        raise InvalidRequestError("'tool_choice' is only allowed with 'tools'", param="tool_choice")
    return Chat(
        messages=(*told, *turns),
        tools=_tools(request.tools or ()),
        tool_choice=_tool_choice(request),
        parallel_tool_calls=request.parallel_tool_calls is not False,
    )


def _said(role: Role, text: str) -> Message:
    return Message(role=role, content=(TextPart(text=text),))


def _turns(items: Sequence[Item]) -> tuple[Message, ...]:
    turns: list[Message] = []
    called: set[str] = set()
    for place, item in enumerate(items):
        match item:
            case MessageItem():
                turns.append(_message(item, f"input[{place}]"))
            case FunctionCallItem():
                called.add(item.call_id)
                _add_call(turns, item)
            case FunctionCallOutputItem():
                turns.append(_result(item, f"input[{place}]", called))
            case _:
                pass  # reasoning, which `left_aside` names
    return tuple(turns)


def _message(item: MessageItem, path: str) -> Message:
    if isinstance(item.content, str):
        return _said(_ROLES[item.role], item.content)
    parts: list[Part] = []
    for place, part in enumerate(item.content):
        if not isinstance(part, InputImage):
            parts.append(TextPart(text=part.text))
        elif item.role == "user":
            parts.append(ImagePart(url=part.image_url, detail=part.detail))
        else:
            at = f"{path}.content[{place}]"
            raise InvalidRequestError(
                f"{at!r} is an image; only messages of role 'user' may have them, "
                f"not {item.role!r}",
                param=at,
            )
    return Message(role=_ROLES[item.role], content=tuple(parts))


def _add_call(turns: list[Message], item: FunctionCallItem) -> None:
    """Put a call into the assistant's turn that it follows, or into a new one."""
    call = ToolCall(id=item.call_id, name=item.name, arguments=item.arguments)
    if turns and turns[-1].role == "assistant":
        turns[-1] = replace(turns[-1], tool_calls=(*turns[-1].tool_calls, call))
    else:
        turns.append(Message(role="assistant", tool_calls=(call,)))


def _result(item: FunctionCallOutputItem, path: str, called: set[str]) -> Message:
    if item.call_id not in called:
        raise InvalidRequestError(
            f"'{path}.call_id' {item.call_id[:64]!r} answers no function_call before it; "
            f"there: {sorted(called)[:20]}",
            param=f"{path}.call_id",
        )
    parts = [item.output] if isinstance(item.output, str) else [one.text for one in item.output]
    content = tuple(TextPart(text=text) for text in parts)
    return Message(role="tool", content=content, tool_call_id=item.call_id)


def _tools(tools: Sequence[FunctionTool]) -> tuple[Tool, ...]:
    names = [tool.name for tool in tools]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise InvalidRequestError(
                f"'tools[{place}].name' {name!r} is there twice; names must differ",
                param=f"tools[{place}].name",
            )
    return tuple(
        Tool(
            name=tool.name,
            description=tool.description,
            parameters=tool.parameters or {},
            strict=tool.strict,
        )
        for tool in tools
    )


def _tool_choice(request: ResponseRequest) -> str:
    choice = request.tool_choice
    if not isinstance(choice, FunctionChoice):
        return choice or "auto"
    known = [tool.name for tool in request.tools or ()]
    if choice.name not in known:
        raise InvalidRequestError(
            f"'tool_choice' names function {choice.name[:64]!r}, which is not in 'tools'; "
            f"there: {known}",
            param="tool_choice",
        )
    return f"function:{choice.name}"
