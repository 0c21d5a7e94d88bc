"""A call's prompt as token ids, by the expert's own tokenizer and chat template."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tokenizers import Tokenizer

from orchestrator.engines.base import Call, Chat, Message, Prompt, Tool
from orchestrator.errors import InvalidRequestError, UnsupportedParameterError

#: What a template may raise on a conversation it refuses (jinja's errors are of these kinds).
_TEMPLATE_FAULTS = (ValueError, TypeError, KeyError, RuntimeError)


class ChatTokenizer(Protocol):
    """What is used of a Hugging Face tokenizer."""

    chat_template: Any

    def apply_chat_template(self, conversation: list[dict[str, Any]], **options: Any) -> str:
        """Render a conversation."""
        ...


class Prompting:
    """Renders and tokenises the prompts of one expert.

    Args:
        expert_id: for messages.
        tokenizer: renders conversations.
        backend: encodes text.
    """

    def __init__(self, expert_id: str, *, tokenizer: ChatTokenizer, backend: Tokenizer) -> None:
        self._expert_id = expert_id
        self._tokenizer = tokenizer
        self._backend = backend

    def token_ids(self, call: Call) -> list[int]:
        """Token ids of the prompt; a template writes its own special tokens, raw text gets them.

        Raises:
            InvalidRequestError: the prompt is empty, or the template refuses the conversation.
            UnsupportedParameterError: the expert has no chat template.
        """
        prompt = call.prompt
        if isinstance(prompt, Chat):
            ids = self._backend.encode(self._render(prompt), add_special_tokens=False).ids
        elif prompt.token_ids is not None:
            ids = list(prompt.token_ids)
        else:
            ids = self._backend.encode(prompt.text, add_special_tokens=True).ids
        if not ids:
            raise InvalidRequestError(
                f"expert {self._expert_id!r}: the prompt has no tokens", param=field_of(prompt)
            )
        return list(ids)

    def text(self, prompt: Prompt) -> str:
        """The text of a raw prompt, as `echo` repeats it."""
        if isinstance(prompt, Chat):
            return ""
        if prompt.token_ids is None:
            return prompt.text
        return self._backend.decode(list(prompt.token_ids), skip_special_tokens=True)

    def _render(self, chat: Chat) -> str:
        if self._tokenizer.chat_template is None:
            raise UnsupportedParameterError(
                f"expert {self._expert_id!r} has no chat template; ask it at /v1/completions",
                param="messages",
            )
        tools = [tool_entry(tool) for tool in chat.tools] if chat.tool_choice != "none" else None
        conversation = [_turn(message) for message in chat.messages]
        try:
            rendered = self._tokenizer.apply_chat_template(
                conversation,
                tools=tools or None,
                add_generation_prompt=not chat.continues,
                continue_final_message=chat.continues,
                tokenize=False,
            )
        except _TEMPLATE_FAULTS as exc:
            raise self._refusal(exc) from exc
        except Exception as exc:
            if type(exc).__module__.startswith("jinja2"):
                raise self._refusal(exc) from exc
            raise
        return _as_begun(rendered, chat) if chat.continues else rendered

    def _refusal(self, exc: Exception) -> InvalidRequestError:
        return InvalidRequestError(
            f"the chat template of expert {self._expert_id!r} refuses this conversation: {exc}",
            param="messages",
        )


def field_of(prompt: Prompt) -> str:
    """The request field a prompt comes from."""
    return "messages" if isinstance(prompt, Chat) else "prompt"


def tool_entry(tool: Tool) -> dict[str, Any]:
    """A tool as OpenAI's wire format and chat templates have it."""
    function: dict[str, Any] = {"name": tool.name, "parameters": dict(tool.parameters)}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _as_begun(rendered: str, chat: Chat) -> str:
    """Blanks at the end of what was said come back: templates and their renderer trim them."""
    said = chat.messages[-1].text
    blanks = said[len(said.rstrip()) :]
    return rendered if rendered.endswith(said) else rendered.rstrip() + blanks


def _turn(message: Message) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.name is not None:
        turn["name"] = message.name
    if message.tool_call_id is not None:
        turn["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        turn["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": _arguments(call.arguments)},
            }
            for call in message.tool_calls
        ]
    return turn


def _arguments(text: str) -> Mapping[str, Any] | Sequence[Any]:
    """Templates want arguments as a mapping; the wire format has them as JSON text."""
    try:
        return json.loads(text) if text else {}
    except ValueError as exc:
        raise InvalidRequestError(
            f"tool call arguments are not JSON: {text[:80]!r}", param="messages"
        ) from exc
