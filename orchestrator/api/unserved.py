"""What callers are told about paths that nobody serves, OpenAI's other routes among them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_ANSWER = "send the conversation to POST /v1/chat/completions"
_ONE_BY_ONE = "send each request to POST /v1/chat/completions"
_MODELS = "experts come from experts.yaml; GET /v1/models lists them"
_TEXT_ONLY = "experts here answer in text: POST /v1/chat/completions"

#: OpenAI route -> what to use instead. A path belongs to the longest route that it starts with.
ALTERNATIVES: dict[str, str] = {
    "/v1/assistants": _ANSWER,
    "/v1/audio": _TEXT_ONLY,
    "/v1/batches": _ONE_BY_ONE,
    "/v1/chat/completions": "answers are not stored; GET /admin/decisions has their records",
    "/v1/chatkit": _ANSWER,
    "/v1/containers": _ANSWER,
    "/v1/conversations": _ANSWER,
    "/v1/edits": _ANSWER,
    "/v1/engines": "GET /v1/models lists models",
    "/v1/evals": _ONE_BY_ONE,
    "/v1/files": _ONE_BY_ONE,
    "/v1/fine_tuning": _MODELS,
    "/v1/images": _TEXT_ONLY,
    "/v1/moderations": "nothing here moderates; an expert can be asked: POST /v1/chat/completions",
    "/v1/organization": "GET /admin/registry and /admin/decisions say what is served",
    "/v1/realtime": "stream by POST /v1/chat/completions with 'stream': true",
    "/v1/responses": "answers are not stored; GET /admin/decisions has their records",
    "/v1/threads": _ANSWER,
    "/v1/uploads": _ONE_BY_ONE,
    "/v1/vector_stores": "put the passages found elsewhere into POST /v1/chat/completions",
    "/v1/videos": _TEXT_ONLY,
}


def not_served(path: str, *, served: Iterable[str]) -> str:
    """The sentence of the 404 for `path`, naming what is served instead."""
    shown = repr(path[:128])
    served = frozenset(served)
    # Where batches are kept, nobody is to send requests one by one instead.
    known = [route for route, other in ALTERNATIVES.items() if _holds(route, other, served)]
    parents = [route for route in known if path == route or path.startswith(f"{route}/")]
    if parents:
        return f"{shown} is not served: {ALTERNATIVES[max(parents, key=len)]}"
    near = difflib.get_close_matches(path[:128], sorted(served), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "GET /openapi.json lists what is"
    return f"{shown} is not served; {hint}"


def _holds(route: str, alternative: str, served: frozenset[str]) -> bool:
    return alternative is not _ONE_BY_ONE or route not in served
