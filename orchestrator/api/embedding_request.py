"""The body of `POST /v1/embeddings`, as OpenAI defines it, and what it asks for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from orchestrator.api.messages import Wire
from orchestrator.api.requests import TokenId, prompt_form
from orchestrator.compositions.embedding import EmbedQuery
from orchestrator.engines.base import Text
from orchestrator.errors import InvalidRequestError

#: Inputs of one request, as at OpenAI.
MAX_INPUTS = 2048

_Many = Field(min_length=1, max_length=MAX_INPUTS)
# Told here and checked by `embed_query`, which names the input that is empty.
_Words = Annotated[str, Field(json_schema_extra={"minLength": 1})]
_Ids = Annotated[list[TokenId], Field(json_schema_extra={"minItems": 1})]

InputIn = Annotated[
    Annotated[_Words, Tag("text")]
    | Annotated[list[_Words], _Many, Tag("texts")]
    | Annotated[_Ids, Tag("ids")]
    | Annotated[list[_Ids], _Many, Tag("id_lists")],
    Discriminator(prompt_form),
]


class EmbeddingRequest(Wire):
    """Body of `POST /v1/embeddings`.

    Keys beyond those defined are kept apart and judged by `parameters.settle`.
    """

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1, max_length=256, description="An expert that embeds.")
    input: InputIn = Field(
        description=f"A text, token ids, or a list of up to {MAX_INPUTS} of either; none empty."
    )
    encoding_format: Literal["float", "base64"] | None = Field(
        None, description="`base64` is little-endian float32 and half as long; default `float`."
    )
    dimensions: int | None = Field(
        None, ge=1, description="Length of the vectors, where the model is trained for several."
    )
    user: str | None = Field(None, max_length=512, description="Kept in the decision record.")


def embed_query(request: EmbeddingRequest, *, call_id: str) -> EmbedQuery:
    """What a request for vectors asks for.

    Raises:
        InvalidRequestError: an input is empty.
    """
    return EmbedQuery(
        id=f"embd-{call_id}",
        model=request.model,
        inputs=_texts(request.input),
        dimensions=request.dimensions,
    )


def _texts(given: str | list[str] | list[int] | list[list[int]]) -> tuple[Text, ...]:
    if isinstance(given, str) or isinstance(given[0], int):
        return (_text(given, "input"),)
    return tuple(_text(one, f"input[{index}]") for index, one in enumerate(given))


def _text(given: object, path: str) -> Text:
    if not given:
        what = "an empty text" if isinstance(given, str) else "an empty list"
        raise InvalidRequestError(f"{path!r} is {what}; nothing has no vector", param=path)
    if isinstance(given, str):
        return Text(text=given)
    assert isinstance(given, list), "the forms of `InputIn`"
    return Text(token_ids=tuple(given))
