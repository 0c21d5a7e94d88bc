"""The body of `POST /v1/responses`, as OpenAI defines it, as far as it needs no memory."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag
from pydantic.config import JsonDict

from orchestrator.api.messages import JsonObject, PlainText, Wire, choice_form
from orchestrator.api.requests import CallerRequest
from orchestrator.api.response_items import InputIn

_NAME = r"^[A-Za-z0-9_-]{1,64}$"
_STATELESS = "nothing is kept between requests; send the whole conversation as `input`"

#: Refused unless it asks for nothing: name -> why, and what to do instead.
REFUSED: dict[str, str] = {
    "background": "an answer lives as long as its request; stream it",
    "context_management": "prompts are never compacted",
    "conversation": _STATELESS,
    "previous_response_id": _STATELESS,
    "prompt": "no prompt templates are kept; send `instructions` and `input`",
    "store": f"answers are never stored: {_STATELESS}, and leave 'store' out or false",
}
#: Those of them that may be false as well.
SWITCHES = frozenset({"background", "store"})


def _refused(name: str) -> Any:
    """A field that asks for what is not done; told as what is let through."""
    return Field(None, description=f"Refused: {REFUSED[name]}.", json_schema_extra={"type": "null"})


def _not_true(name: str) -> Any:
    """The same, of a switch."""
    only: JsonDict = {"enum": [False, None]}
    return Field(None, description=f"Not true: {REFUSED[name]}.", json_schema_extra=only)


Included = Literal[
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "message.input_image.image_url",
    "message.output_text.logprobs",
    "reasoning.encrypted_content",
    "web_search_call.action.sources",
    "web_search_call.results",
]


class FunctionTool(Wire):
    """A function the model may call; other tools run nowhere here."""

    type: Literal["function"]
    name: str = Field(pattern=_NAME)
    description: str | None = None
    parameters: dict[str, Any] | None = Field(None, description="JSON Schema of the arguments.")
    strict: bool | None = None


class FunctionChoice(Wire):
    """The one tool to call."""

    type: Literal["function"]
    name: str


class SchemaFormat(Wire):
    """JSON that fits a schema; always enforced, whatever `strict` says."""

    type: Literal["json_schema"]
    name: str = Field(pattern=_NAME)
    description: str | None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


class TextConfig(Wire):
    """The form of the answer."""

    format: Annotated[PlainText | JsonObject | SchemaFormat, Field(discriminator="type")] | None = (
        None
    )
    verbosity: Literal["low", "medium", "high"] | None = Field(
        None, description="`medium` is all there is."
    )


class ReasoningConfig(Wire):
    """No expert can be told how long to reason."""

    effort: str | None = Field(None, description="Refused.")
    summary: str | None = Field(None, description="Left aside: reasoning comes as it is.")
    generate_summary: str | None = Field(None, description="Left aside.")


class ResponseStreamOptions(Wire):
    """What else a stream carries."""

    include_obfuscation: bool | None = Field(None, description="Left aside: nothing is padded.")


ResponseToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag("mode")]
    | Annotated[FunctionChoice, Tag("named")],
    Discriminator(choice_form),
]


class ResponseRequest(CallerRequest):
    """Body of `POST /v1/responses`."""

    input: InputIn = Field(description="A text, or the items of a conversation.")
    instructions: str | None = Field(None, description="A system message before the input.")
    temperature: float | None = Field(None, ge=0, le=2, description="0 takes the likeliest token.")
    top_p: float | None = Field(None, gt=0, le=1, description="Probability mass to sample from.")
    max_output_tokens: int | None = Field(
        None, ge=1, description="Longest answer, tokens; the expert's or registry's by default."
    )
    top_logprobs: int | None = Field(None, ge=0, le=20, description="Alternatives per token.")
    include: list[Included] | None = Field(
        None, description="`message.output_text.logprobs`; all others are left aside."
    )
    text: TextConfig | None = None
    reasoning: ReasoningConfig | None = None
    tools: list[FunctionTool] | None = Field(None, max_length=128)
    tool_choice: ResponseToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_tool_calls: int | None = Field(None, description="Left aside: no built-in tool runs here.")
    truncation: Literal["disabled", "auto"] | None = Field(
        None, description="Not `auto`: prompts are never cut."
    )
    stream_options: ResponseStreamOptions | None = None
    store: bool | None = _not_true("store")
    background: bool | None = _not_true("background")
    previous_response_id: Any = _refused("previous_response_id")
    conversation: Any = _refused("conversation")
    prompt: Any = _refused("prompt")
    context_management: Any = _refused("context_management")
