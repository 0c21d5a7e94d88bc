"""Logs the words of requests, where the operator asked for them and the caller does not object."""

from __future__ import annotations

import logging

from starlette.datastructures import Headers

from orchestrator.api.settings import ApiSettings
from orchestrator.errors import InvalidRequestError
from orchestrator.events.redaction import beginning
from orchestrator.events.telling import tell

_LOG = logging.getLogger(__name__)

#: `off`: the words of this request are logged in no case.
LOG = "x-orchestrator-log"


def log_prompt(body: bytes, headers: Headers, settings: ApiSettings) -> None:
    """Write the event of a body that is sound; nothing by default.

    Args:
        body: as the caller sent it.
        headers: of the request.
        settings: say whether, how, and how much of it at most.

    Raises:
        InvalidRequestError: the caller's header is neither `on` nor `off`.
    """
    told = headers.get(LOG, "on").strip().lower()
    if told not in ("on", "off"):
        raise InvalidRequestError(
            f"header {LOG!r} is {told[:64]!r}; it must be on or off", param=LOG
        )
    if settings.log_prompts == "off" or told == "off":
        return
    whole, most = body.decode(errors="replace"), settings.log_prompts_max_chars
    is_full = settings.log_prompts == "full"
    text = whole[:most] if is_full else beginning(whole, max_chars=most)
    tell(_LOG, "prompt", text=text, num_chars=len(whole), is_cut=len(whole) > most)
