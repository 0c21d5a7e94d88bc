"""`POST /embeddings` of an upstream that speaks OpenAI's protocol: its body and its answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from orchestrator.engines.embedding import EmbedCall, Vectors
from orchestrator.errors import EngineProtocolError


def embed_body(call: EmbedCall, *, model: str) -> dict[str, Any]:
    """The request body; numbers as JSON, since not every server knows base64."""
    inputs = [one.text if one.token_ids is None else list(one.token_ids) for one in call.inputs]
    body: dict[str, Any] = {"model": model, "input": inputs, "encoding_format": "float"}
    if call.dimensions is not None:
        body["dimensions"] = call.dimensions
    return body


def read_vectors(body: dict[str, Any], *, num_inputs: int) -> Vectors:
    """The vectors of an answer, in the order of the inputs, however the upstream sorted them.

    Raises:
        EngineProtocolError: there is not one finite vector of one length for each input.
    """
    try:
        row_by_index = {int(one["index"]): one["embedding"] for one in body["data"]}
        rows = [row_by_index[index] for index in range(num_inputs)]
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
            values = np.array(rows, dtype=np.float32)
    except (KeyError, TypeError, ValueError) as exc:
        raise EngineProtocolError(
            f"the upstream's embeddings are not one vector for each of {num_inputs} inputs: "
            f"{type(exc).__name__}: {exc}"
        ) from exc
    is_sound = values.ndim == 2 and values.size > 0 and np.isfinite(values).all()
    if not is_sound or len(body["data"]) != num_inputs:
        raise EngineProtocolError(
            f"the upstream's embeddings have shape {list(values.shape)} for {num_inputs} inputs, "
            "or numbers without end"
        )
    usage = body.get("usage")
    counted = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return Vectors(values=values, num_tokens=counted if isinstance(counted, int) else 0)
