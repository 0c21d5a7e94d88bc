"""Columns of a parquet input: which it may have, and what a row of them asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from orchestrator.batch.endpoint import ENDPOINTS
from orchestrator.errors import SetupError
from orchestrator.service.bulk.row import Row, faulty, row_of_values

#: Beside `custom_id`, one of these.
BODY, PROMPT = "body", "prompt"
#: What a prompt may have beside it: part of the body, where it is not null.
OPTIONS = ("model", "max_tokens", "temperature", "seed")
#: All that is read; other columns are left aside.
READ = ("custom_id", "url", BODY, PROMPT, "system", *OPTIONS)


def check_columns(columns: Collection[str], name: str) -> None:
    """Look whether rows of these columns can be asked.

    Raises:
        SetupError: they cannot; says what is there and what is lacking.
    """
    lacking = [] if "custom_id" in columns else ["'custom_id'"]
    if BODY not in columns and PROMPT not in columns:
        lacking.append(f"{BODY!r} (JSON or a struct) or {PROMPT!r} (a text)")
    if lacking:
        raise SetupError(
            f"{name!r} has no column {' and none '.join(lacking)}; its columns: {sorted(columns)}"
        )


def row_of_columns(place: int, found: Mapping[str, Any], *, model: str) -> Row:
    """The row of a parquet row; every fault is a value.

    Args:
        place: in its block.
        found: the values of the columns that are read.
        model: who is asked where neither body nor row says.
    """
    custom_id, url = found.get("custom_id"), found.get("url") or ENDPOINTS[0]
    body = found.get(BODY)
    if body is None:
        body = _asked(found, model)
    elif isinstance(body, str | bytes):
        try:
            body = orjson.loads(body)
        except orjson.JSONDecodeError as exc:
            return faulty(
                place, "invalid_body", f"column 'body' is not valid JSON: {exc}",
                custom_id=custom_id if isinstance(custom_id, str) else "",
            )  # fmt: skip
    else:
        body = _without_nulls(body)
    if isinstance(body, dict):
        body.setdefault("model", found.get("model") or model)
    return row_of_values(place, {"custom_id": custom_id, "url": url, "body": body})


def _asked(found: Mapping[str, Any], model: str) -> dict[str, Any] | None:
    """The body of a prompt; of a row that has neither, none."""
    if found.get(PROMPT) is None:
        return None
    said = [("system", found.get("system")), ("user", found[PROMPT])]
    turns = [{"role": role, "content": text} for role, text in said if text is not None]
    given = {name: found[name] for name in OPTIONS if found.get(name) is not None}
    return {"model": model, **given, "messages": turns}


def _without_nulls(value: Any) -> Any:
    """A struct has every field in every row; what a row does not say is null."""
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_without_nulls(one) for one in value]
    return value
