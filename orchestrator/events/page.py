"""Writes docs/events.md of the catalogue: `python -m orchestrator.events.page > docs/events.md`."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from orchestrator.events.catalogue import EVENTS, IDS

_HEAD = """\
# What the log tells

Every line of `logs/orchestrator.log` is one JSON object with `time` (UTC), `level`, `pid` and
`logger`. A decision is an *event*: it has `action`, one of those below, and those of its fields
that are known. All else has `message`, and `traceback` where something unforeseen was met. No line
has a word of a prompt or an answer unless the operator asked for prompts (`prompt`). `python -m
orchestrator.events.page` makes this page of `orchestrator/events/catalogue.py`, and a test holds
the code against it.

    jq -c 'select(.action == "step" and .outcome != "ok")' logs/orchestrator.log
    jq -c 'select(.request_id == "req-…")' logs/orchestrator.log

## Ids
Told wherever they are known: they join lines, decision records (`GET /admin/decisions`), traces and
the headers of answers.
"""


def page() -> str:
    """The page as it has to be."""
    parts = [_HEAD, _table("id", IDS)]
    for action, event in EVENTS.items():
        parts += [f"\n## `{action}`\n{event.meaning}\n", _table("field", event.fields)]
    return "\n".join(parts)


def _table(name: str, rows: Mapping[str, str]) -> str:
    told = "\n".join(f"| `{field}` | {meaning} |" for field, meaning in rows.items())
    return f"| {name} | |\n|---|---|\n{told}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
