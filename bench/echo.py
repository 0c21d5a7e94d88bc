"""An OpenAI-compatible upstream that answers at once: `python -m bench.echo --port 9000`.

It repeats the first words of the last turn, streamed or not. What is measured through it is the
gateway in front of it, so it speaks no more of HTTP than it must (`bench/raw_http.py`).
"""

from __future__ import annotations

import sys
from typing import Any

import orjson

from bench.raw_http import response, run

MAX_ANSWER_WORDS = 16


def answered(body: bytes) -> bytes:
    """The response to any request; one without a body asks how it is."""
    return answer(body) if body else response(b'{"status":"ok"}')


def answer(body: bytes) -> bytes:
    """The whole HTTP response to a chat completion request."""
    request = orjson.loads(body)
    words = _last_text(request).split(None, MAX_ANSWER_WORDS)[:MAX_ANSWER_WORDS]
    usage = {"prompt_tokens": 60, "completion_tokens": len(words), "total_tokens": 60 + len(words)}
    if request.get("stream"):
        return _streamed(words, usage, str(request.get("model")))
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": " ".join(words)},
        "finish_reason": "stop",
    }
    return response(
        orjson.dumps(_completion("chat.completion", request.get("model"), choice, usage))
    )


def _last_text(request: dict[str, Any]) -> str:
    content = request["messages"][-1]["content"]
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def _streamed(words: list[str], usage: dict[str, int], model: str) -> bytes:
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": f"{word} "}, None) for word in words]
    deltas.append(({}, "stop"))
    events = [
        _completion(
            "chat.completion.chunk",
            model,
            {"index": 0, "delta": delta, "finish_reason": finish_reason},
        )
        for delta, finish_reason in deltas
    ]
    last = _completion("chat.completion.chunk", model, None, usage)
    lines = [b"data: " + orjson.dumps(event) for event in [*events, last]]
    return response(b"\n\n".join([*lines, b"data: [DONE]\n\n"]), kind=b"text/event-stream")


def _completion(
    kind: str, model: Any, choice: dict[str, Any] | None, usage: dict[str, int] | None = None
) -> dict[str, Any]:
    return {
        "id": "echo",
        "object": kind,
        "created": 0,
        "model": model,
        "choices": [] if choice is None else [choice],
        "usage": usage,
    }


def main() -> int:
    """Command line of the echo upstream."""
    run(answered, description=__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main())
