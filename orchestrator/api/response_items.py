"""The input of a Responses request, item by item, as it comes over the wire."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from orchestrator.api.messages import Wire, form_of

_LEFT_ASIDE = "Left aside: what answers carry, not what is read."


class InputText(Wire):
    """A piece of text."""

    type: Literal["input_text"]
    text: str


class OutputText(Wire):
    """A piece of text that an answer said."""

    type: Literal["output_text"]
    text: str
    annotations: Any = Field(None, description=_LEFT_ASIDE)
    logprobs: Any = Field(None, description=_LEFT_ASIDE)
    parsed: Any = Field(None, description=_LEFT_ASIDE)


class InputImage(Wire):
    """An image; only in user messages, only to experts with the `image` modality."""

    type: Literal["input_image"]
    image_url: str = Field(
        pattern=r"^(https?://|data:image/)", description="An http(s) URL, or data:image/...;base64"
    )
    detail: Literal["auto", "low", "high"] | None = None
    file_id: None = Field(None, description="No files are kept here.")


ItemPart = Annotated[InputText | OutputText | InputImage, Field(discriminator="type")]
ItemContent = Annotated[
    Annotated[str, Tag("one")] | Annotated[list[ItemPart], Tag("many")], Discriminator(form_of)
]


class MessageItem(Wire):
    """One turn of the conversation."""

    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: ItemContent
    id: str | None = None
    status: str | None = None
    phase: Any = Field(None, description=_LEFT_ASIDE)


class FunctionCallItem(Wire):
    """A call that an answer made."""

    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str = Field(description="JSON text, as the model wrote it.")
    id: str | None = None
    status: str | None = None
    async_: None = Field(None, alias="async")
    caller: Any = Field(None, description=_LEFT_ASIDE)
    namespace: None = None
    parsed_arguments: Any = Field(None, description=_LEFT_ASIDE)


TextContent = Annotated[
    Annotated[str, Tag("one")] | Annotated[list[InputText], Tag("many")], Discriminator(form_of)
]


class FunctionCallOutputItem(Wire):
    """What a called function returned."""

    type: Literal["function_call_output"]
    call_id: str
    output: TextContent
    id: str | None = None
    status: str | None = None


class ReasoningItem(Wire):
    """Earlier reasoning: left aside, it is not read again."""

    type: Literal["reasoning"]
    id: str | None = None
    summary: Any = None
    content: Any = None
    encrypted_content: Any = None
    status: Any = None


def item_kind(value: Any) -> Any:
    """The type of an item; a message may leave it out."""
    return value.get("type", "message") if isinstance(value, dict) else "message"


Item = Annotated[
    Annotated[MessageItem, Tag("message")]
    | Annotated[FunctionCallItem, Tag("function_call")]
    | Annotated[FunctionCallOutputItem, Tag("function_call_output")]
    | Annotated[ReasoningItem, Tag("reasoning")],
    Discriminator(item_kind),
]
InputIn = Annotated[
    Annotated[str, Tag("one")] | Annotated[list[Item], Field(min_length=1), Tag("many")],
    Discriminator(form_of),
]
