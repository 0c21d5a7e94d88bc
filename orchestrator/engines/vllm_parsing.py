"""Tool calls and reasoning, taken out of an answer by vLLM's own parsers."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.parser import ParserManager
from vllm.sampling_params import StructuredOutputsParams

from orchestrator.engines.base import Call, Chat, ToolCallDelta
from orchestrator.engines.choices import Parsed
from orchestrator.engines.prompting import tool_entry
from orchestrator.errors import (
    InvalidRequestError,
    RegistryError,
    UnsupportedParameterError,
)
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert

_NAMED = "function:"


class OutputParsers:
    """Makes parsers for the calls of one expert.

    Args:
        expert: names its parsers in `engine.tool_parser` and `engine.reasoning_parser`.
        tokenizer: the expert's own.
        model_config: vLLM's.

    Raises:
        RegistryError: vLLM knows no such parser, or the tokenizer lacks tokens it needs.
    """

    def __init__(self, expert: Expert, *, tokenizer: Any, model_config: Any = None) -> None:
        assert isinstance(expert.engine, VllmEngine)
        self._expert_id = expert.id
        self._tokenizer = tokenizer
        self._model_config = model_config
        self._has_reasoning = expert.engine.reasoning_parser is not None
        self._has_tools = expert.engine.tool_parser is not None
        try:
            self._parser_class = ParserManager.get_parser(
                tool_parser_name=expert.engine.tool_parser,
                reasoning_parser_name=expert.engine.reasoning_parser,
                enable_auto_tools=True,
                model_name=expert.model,
                tokenizer=tokenizer,
            )
        except TypeError as exc:
            raise RegistryError(
                f"expert {expert.id!r}: engine.tool_parser={expert.engine.tool_parser!r}, "
                f"engine.reasoning_parser={expert.engine.reasoning_parser!r}: {exc}"
            ) from exc

    def open(self, call: Call) -> Parsing | None:
        """How the answer to `call` will be parsed; `None` where all of it is plain text.

        Raises:
            UnsupportedParameterError: tools are sent to an expert without `engine.tool_parser`.
            InvalidRequestError: `tool_choice` names a tool that is not among the tools.
        """
        chat = call.prompt
        if not isinstance(chat, Chat):
            return None
        wants_tools = bool(chat.tools) and chat.tool_choice != "none"
        if wants_tools and not self._has_tools:
            raise UnsupportedParameterError(
                f"expert {self._expert_id!r} cannot call tools: set engine.tool_parser for it in "
                "the registry, or send no tools",
                param="tools",
            )
        # A grammar holds the answer to its form from the first token: there is no reasoning.
        reasons = self._has_reasoning and call.structure is None
        if self._parser_class is None or not (wants_tools or reasons):
            return None
        return Parsing(
            self._parser_class,
            request=_request(chat, self._expert_id, wants_tools=wants_tools),
            tokenizer=self._tokenizer,
            model_config=self._model_config,
        )


class Parsing:
    """The parsing of one call: its request as vLLM's parsers want it, and a parser a choice.

    Args:
        parser_class: of `vllm.parser.Parser`.
        request: the call, less its prompt.
        tokenizer: the expert's own.
        model_config: vLLM's.
    """

    def __init__(
        self,
        parser_class: Any,
        *,
        request: ChatCompletionRequest,
        tokenizer: Any,
        model_config: Any,
    ) -> None:
        self._make: Callable[[], Any] = functools.partial(
            parser_class, tokenizer, request.tools, model_config=model_config
        )
        self._request = self._make().adjust_request(request)

    @property
    def constraint(self) -> StructuredOutputsParams | None:
        """The grammar that a forced tool choice or a strict tool puts on the answer."""
        constraint = self._request.structured_outputs
        return constraint if isinstance(constraint, StructuredOutputsParams) else None

    @property
    def skips_special(self) -> bool:
        """Whether special tokens stay out of the text the parser reads."""
        return bool(self._request.skip_special_tokens)

    def choice(self, prompt_token_ids: list[int]) -> ChoiceParser:
        """A parser for one choice."""
        return ChoiceParser(self._make(), self._request, prompt_token_ids=prompt_token_ids)


class ChoiceParser:
    """Parses one choice, either step by step or whole, never both."""

    def __init__(
        self, parser: Any, request: ChatCompletionRequest, *, prompt_token_ids: list[int]
    ) -> None:
        self._parser = parser
        self._request = request
        self._prompt_token_ids = prompt_token_ids
        self._token_ids: list[int] = []
        #: Whether a finished call was found that the caller left to the model to make.
        self.ends_with_tools = False

    @property
    def num_reasoning_tokens(self) -> int:
        """Tokens of the choice so far that were reasoning."""
        return int(self._parser.count_reasoning_tokens(self._token_ids))

    def push(self, text: str, token_ids: Sequence[int], *, is_last: bool) -> Parsed:
        """Take what is new and return what can be told of it."""
        self._token_ids.extend(token_ids)
        delta = self._parser.parse_delta(
            text,
            list(token_ids),
            self._request,
            prompt_token_ids=self._prompt_token_ids,
            finished=is_last,
        )
        if delta is None:
            return Parsed()
        return Parsed(
            text=delta.content or "",
            reasoning=delta.reasoning or "",
            tool_calls=self._kept(
                ToolCallDelta(
                    index=call.index,
                    id=call.id,
                    name=call.function.name if call.function else None,
                    arguments=(call.function.arguments if call.function else None) or "",
                )
                for call in delta.tool_calls
            ),
        )

    def whole(self, text: str, token_ids: Sequence[int]) -> Parsed:
        """Parse a complete answer."""
        self._token_ids.extend(token_ids)
        reasoning, content, calls = self._parser.parse(
            text, self._request, enable_auto_tools=True, model_output_token_ids=token_ids
        )
        return Parsed(
            text=content or "",
            reasoning=reasoning or "",
            tool_calls=self._kept(
                ToolCallDelta(
                    index=place,
                    id=call.id or f"call_{uuid.uuid4().hex[:24]}",
                    name=call.name,
                    arguments=call.arguments,
                )
                for place, call in enumerate(calls or ())
            ),
        )

    def _kept(self, calls: Iterable[ToolCallDelta]) -> tuple[ToolCallDelta, ...]:
        """All calls, or the first alone where the caller forbade parallel ones."""
        is_parallel = self._request.parallel_tool_calls
        kept = tuple(call for call in calls if is_parallel or call.index == 0)
        # OpenAI ends with `stop` where the caller named the function to call.
        is_named = not isinstance(self._request.tool_choice, str | None)
        self.ends_with_tools = self.ends_with_tools or (bool(kept) and not is_named)
        return kept


def _request(chat: Chat, expert_id: str, *, wants_tools: bool) -> ChatCompletionRequest:
    fields: dict[str, Any] = {"messages": [{"role": "user", "content": ""}], "model": expert_id}
    if wants_tools:
        fields["tools"] = [tool_entry(tool) for tool in chat.tools]
        fields["tool_choice"] = _tool_choice(chat)
        fields["parallel_tool_calls"] = chat.parallel_tool_calls
    return ChatCompletionRequest.model_validate(fields)


def _tool_choice(chat: Chat) -> Any:
    if not chat.tool_choice.startswith(_NAMED):
        return chat.tool_choice
    name = chat.tool_choice.removeprefix(_NAMED)
    known = [tool.name for tool in chat.tools]
    if name not in known:
        raise InvalidRequestError(
            f"tool_choice names {name!r}, which is not among the tools: {known}",
            param="tool_choice",
        )
    return {"type": "function", "function": {"name": name}}
