"""How `/v1/embeddings` spells vectors."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from orchestrator.engines.embedding import Vectors


def spelled(vectors: Vectors, *, model: str, is_base64: bool) -> bytes:
    """OpenAI's list of embeddings.

    Args:
        vectors: a row an input.
        model: the name that the caller used.
        is_base64: little-endian float32 in base64 instead of JSON numbers.
    """
    rows: list[Any] = list(vectors.values)
    if is_base64:
        rows = [base64.b64encode(row.astype("<f4", copy=False).tobytes()).decode() for row in rows]
    body = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": row}
            for index, row in enumerate(rows)
        ],
        "model": model,
        "usage": {"prompt_tokens": vectors.num_tokens, "total_tokens": vectors.num_tokens},
    }
    return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
