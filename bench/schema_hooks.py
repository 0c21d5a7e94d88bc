"""What schemathesis may take for a failure and is none, each with its reason.

Loaded by schemathesis itself, through `SCHEMATHESIS_HOOKS`.
"""

from __future__ import annotations

import json
from typing import Any

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext

_ENVELOPE_KEYS = {"message", "type", "param", "code"}


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Whether a failure counts."""
    kind = type(failure).__name__
    if kind == "RejectedPositiveData":
        return not says_which_parameter(response.status_code, response.content)
    if kind == "AcceptedNegativeData":
        return not is_form_of_lists(case.media_type, case.body)
    return True


def says_which_parameter(status: int, content: bytes) -> bool:
    """Whether a refusal of what the document allows is a 400 that names the parameter at fault.

    No schema can tell what an expert of the registry takes (images, tools, so many tokens), which
    fields go together, or which cursors there are: the envelope has to, by name.
    """
    if status != 400:
        return False
    try:
        error: dict[str, Any] = json.loads(content)["error"]
    except (ValueError, KeyError, TypeError):
        return False
    if not isinstance(error, dict) or not error.keys() >= _ENVELOPE_KEYS:
        return False
    # Of a registry the place of every fault stands in its place.
    return bool(error["message"]) and bool(error["param"] or error.get("faults"))


def is_form_of_lists(media_type: str | None, body: object) -> bool:
    """Whether a list stands where a form has one text.

    A form has no lists: `[1]` is sent as `1` and `[]` as nothing, both of which are allowed.
    """
    if media_type != "multipart/form-data" or not isinstance(body, dict):
        return False
    return any(isinstance(value, list) for value in body.values())
