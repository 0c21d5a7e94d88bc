"""What came of a line, as it stands in the output or the error file."""

from __future__ import annotations

import secrets
from typing import Any

import orjson

from orchestrator.batch.line import LineFault, LineReply, LineResult

EXPIRED = LineFault(
    code="batch_expired",
    message="This request could not be executed before the completion window expired.",
)
CANCELLED = LineFault(
    code="batch_cancelled", message="The batch was cancelled before this request was executed."
)


def result_line(result: LineResult) -> bytes:
    """One line of JSON without its end, as OpenAI has it.

    A fault that the endpoint told keeps the endpoint's response beside it.
    """
    return orjson.dumps(
        {
            "id": f"batch_req_{secrets.token_hex(12)}",
            "custom_id": result.custom_id,
            "response": _response(result.reply) if result.reply else None,
            "error": _error(result.fault) if result.fault else None,
        }
    )


def unasked_line(custom_id: str, fault: LineFault) -> bytes:
    """The line of a request that was never answered."""
    return result_line(LineResult(place=0, custom_id=custom_id, reply=None, fault=fault))


def _response(reply: LineReply) -> dict[str, Any]:
    return {
        "status_code": reply.status_code,
        "request_id": reply.request_id,
        **({} if reply.cost_usd is None else {"cost_usd": reply.cost_usd}),
        "body": _body(reply.body),
    }


def _body(body: bytes) -> Any:
    """Read and written anew: a line break or a broken answer would break the file."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def _error(fault: LineFault) -> dict[str, str]:
    return {"code": fault.code, "message": fault.message}
