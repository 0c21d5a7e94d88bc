"""What came of the lines of a batch as columns of a data frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from orchestrator.client.batch_wire import BatchResult
from orchestrator.client.embedding import Embeddings
from orchestrator.client.native_frames import Kind

#: Columns that tell what came of a line, in this order.
ADDED: dict[str, Kind] = {
    "answer": "text",
    "answered_by": "text",
    "error": "text",
    "prompt_tokens": "count",
    "completion_tokens": "count",
    "cost_usd": "number",
}
_EMBEDDINGS = "/v1/embeddings"


def result_columns(
    ids: Sequence[str], results: Iterable[BatchResult], *, endpoint: str = "/v1/chat/completions"
) -> dict[str, tuple[Kind, list[Any]]]:
    """Name -> kind and values of each column of `ADDED`, in the order of `ids`.

    Lines without an answer have empty values, and say why under `error`; of embeddings `vectors`
    stand in the place of `answer`.
    """
    is_text = endpoint != _EMBEDDINGS
    kinds: dict[str, Kind] = ADDED if is_text else {"vectors": "vectors", **_without_answer()}
    row_by_id = {result.custom_id: _row(result, is_text=is_text) for result in results}
    rows = [row_by_id.get(one, _NOT_ANSWERED) for one in ids]
    return {name: (kind, [row.get(name) for row in rows]) for name, kind in kinds.items()}


_NOT_ANSWERED: dict[str, Any] = {"error": "not_answered"}


def _without_answer() -> dict[str, Kind]:
    return {name: kind for name, kind in ADDED.items() if name != "answer"}


def _row(result: BatchResult, *, is_text: bool) -> dict[str, Any]:
    body = result.response.body if result.response is not None else {}
    if not result.is_ok:
        told = body.get("error") or {}
        code = result.error.code if result.error is not None else None
        return {"error": code or told.get("code") or "not_answered"}
    usage = body.get("usage") or {}
    said = {"answer": result.text} if is_text else {"vectors": _vectors(body)}
    return said | {
        "answered_by": body.get("model"),
        "prompt_tokens": usage.get("prompt_tokens"),
        "completion_tokens": usage.get("completion_tokens"),
        "cost_usd": result.cost_usd,
    }


def _vectors(body: dict[str, Any]) -> list[list[float]]:
    return [list(one) for one in Embeddings.model_validate(body).vectors]
