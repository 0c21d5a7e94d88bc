"""The messages, tools and formats of a chat request, as they come over the wire."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag


class Wire(BaseModel):
    """An object of a request: no coercion, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def form_of(value: Any) -> str:
    """`many` for a JSON array, `one` for everything else."""
    return "many" if isinstance(value, list) else "one"


class TextPartIn(Wire):
    """A piece of text."""

    type: Literal["text"]
    text: str


class ImageUrlIn(Wire):
    """Where an image is."""

    url: str = Field(
        pattern=r"^(https?://|data:image/)", description="An http(s) URL, or data:image/...;base64"
    )
    detail: Literal["auto", "low", "high"] | None = None


class ImagePartIn(Wire):
    """An image; only in user messages, only to experts with the `image` modality."""

    type: Literal["image_url"]
    image_url: ImageUrlIn


PartIn = Annotated[TextPartIn | ImagePartIn, Field(discriminator="type")]
Content = Annotated[
    Annotated[str, Tag("one")] | Annotated[list[PartIn], Tag("many")], Discriminator(form_of)
]


class CalledFunction(Wire):
    """The function of a tool call and its arguments."""

    name: str
    arguments: str = Field(description="JSON text, as the model wrote it.")


class ToolCallIn(Wire):
    """A tool call of an earlier assistant message."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class MessageIn(Wire):
    """One turn of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Content | None = None
    name: str | None = None
    tool_calls: list[ToolCallIn] | None = None
    tool_call_id: str | None = None
    refusal: Any = Field(None, description="Left aside: what assistants return, not what is read.")
    annotations: Any = Field(None, description="Left aside.")
    audio: None = None
    function_call: None = None
    reasoning: Any = Field(None, description="Left aside: earlier reasoning is not read again.")
    reasoning_content: Any = Field(None, description="Left aside.")


class FunctionIn(Wire):
    """A function the model may call."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str | None = None
    parameters: dict[str, Any] | None = Field(None, description="JSON Schema of the arguments.")
    strict: bool | None = None


class ToolIn(Wire):
    """A tool; functions are the only kind."""

    type: Literal["function"]
    function: FunctionIn


class NamedFunction(Wire):
    """The name of a function."""

    name: str


class NamedTool(Wire):
    """The one tool to call."""

    type: Literal["function"]
    function: NamedFunction


def choice_form(value: Any) -> str:
    """`named` for a JSON object, `mode` for everything else."""
    return "named" if isinstance(value, dict) else "mode"


ToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag("mode")]
    | Annotated[NamedTool, Tag("named")],
    Discriminator(choice_form),
]


class PlainText(Wire):
    """No form asked for."""

    type: Literal["text"]


class JsonObject(Wire):
    """Any JSON object."""

    type: Literal["json_object"]


class JsonSchema(Wire):
    """A JSON Schema with a name."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str | None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


class JsonSchemaFormat(Wire):
    """JSON that fits a schema; always enforced, whatever `strict` says."""

    type: Literal["json_schema"]
    json_schema: JsonSchema


ResponseFormat = Annotated[PlainText | JsonObject | JsonSchemaFormat, Field(discriminator="type")]


class StreamOptions(Wire):
    """What else a stream carries."""

    include_usage: bool | None = Field(None, description="A last chunk with the tokens used.")
    include_obfuscation: bool | None = Field(None, description="Left aside: nothing is padded.")
