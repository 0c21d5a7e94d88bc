"""Every action that a log line may tell, with its fields: what people and programs search by.

A test holds the code against it: nothing is told that is not here, and docs/events.md has the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Action = Literal[
    "request",
    "prompt",
    "shadow",
    "refusal",
    "fallback",
    "breaker",
    "shed",
    "decision",
    "step",
    "death",
    "gone",
    "wish",
    "rollout",
    "batch",
    "store",
    "life",
]

#: Ids that join lines; each is told wherever it is known. See `telling.about`.
IDS: Mapping[str, str] = {
    "request_id": "the request, as its caller was told in `x-orchestrator-request-id`",
    "trace_id": "its trace, where there is one",
    "call_id": "one call of an expert; `orchestrator.call_id` of its span",
    "swap_id": "one step of an engine; `orchestrator.swap_id` of its span and of waits for it",
    "batch": "the batch that the request is a line of",
    "line": "`custom_id` of that line",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One action: who may search for it and what is told of it."""

    #: One sentence.
    meaning: str
    #: Name of each field and what it holds.
    fields: Mapping[str, str]


_SLOT = {"slot": "its name"}
_REASON = {"reason": "what was found, in words"}

EVENTS: Mapping[Action, Event] = {
    "request": Event(
        meaning="A request ended: its route, its answer, what it took.",
        fields={
            "request": "method and path",
            "key": "id of the key that asked, where one is asked for",
            "status": "HTTP status, 499 where the caller hung up",
            "error_code": "of the error it ended with",
            "duration_ms": "from arrival to the last byte",
            "overhead_ms": "of that our own time",
            "waited_ms": "of that the wait for a turn",
            "model": "what was asked for",
            "expert": "who answered",
            "is_recalled": "whether an answer was known",
            "cache": "`hit`, `miss` or `bypass`, where answers are kept",
            "router": "who chose",
            "chosen_by": "the way to the router that chose",
            "compared": "what shadows would have chosen",
            "stages": "of a composition: names and experts asked",
            "reached": "caps that were met",
            "failed": "experts that were tried in vain, and the codes of their errors",
            "generation": "of the registry",
            "is_streamed": "whether the answer was a stream",
            "prompt_tokens": "read",
            "completion_tokens": "written",
            "cost_usd": "price, where it is known",
        },
    ),
    "prompt": Event(
        meaning="The words of a request, where the operator asked for them.",
        fields={
            "text": "the body, redacted unless `full` was asked for",
            "num_chars": "of the whole body",
            "is_cut": "whether `text` is its beginning alone",
        },
    ),
    "shadow": Event(
        meaning="A shadow was asked beside the router that decided.",
        fields={
            "router": "who decided",
            "shadow": "who was asked beside it",
            "agreed": "`yes` or `no`",
            "chosen": "what the router chose",
            "other": "what the shadow would have chosen",
        },
    ),
    "refusal": Event(
        meaning="A request was not let in: no key, or over a limit or a budget.",
        fields={"key": "the key's id", "limit": "code of the error", **_REASON},
    ),
    "fallback": Event(
        meaning="Another expert, or another slot, answers in the place of one that failed.",
        fields={
            "expert": "that failed",
            "instead": "that is asked now",
            "error_code": "of what failed",
            "num_sent": "characters that the caller had by then",
            **_REASON,
        },
    ),
    "breaker": Event(
        meaning="The circuit of an engine opened, closed, or lets one call through to see.",
        fields={
            "engine": "its slot's name, or its expert's key",
            "state": "`open`, `half_open` or `closed`",
            "num_failures": "in a row",
            "retry_s": "until it is tried again",
            **_REASON,
        },
    ),
    "shed": Event(
        meaning="The gateway turns requests away since it has too many.",
        fields={
            "state": "`begun` or `ended`",
            "num_in_flight": "requests being answered",
            "retry_after_s": "what callers are told",
            **_REASON,
        },
    ),
    "decision": Event(
        meaning="A slot's policy decided; admissions are told at DEBUG.",
        fields=_SLOT
        | {
            "decision": "what is done",
            "engine": "with which engine",
            "expert": "for which expert",
            "why": "the reason",
            "num_waiting": "calls that wait",
            "expected_s": "what it should take",
            "waited_s": "of an admission: how long the call waited",
            "is_hit": "of an admission: whether its expert was resident",
        },
    ),
    "step": Event(
        meaning="A step of an engine ended: a swap, a start, a wake, …",
        fields=_SLOT
        | {
            "step": "which of the ladder",
            "engine": "that took it",
            "expert": "for whom",
            "outcome": "`ok` or the code of an error",
            "took_s": "seconds",
            **_REASON,
        },
    ),
    "death": Event(meaning="An engine died.", fields=_SLOT | {"engine": "which", **_REASON}),
    "gone": Event(meaning="An engine was taken out.", fields=_SLOT | {"engine": "which"}),
    "wish": Event(
        meaning="A load or an unload that an operator wished for ended.",
        fields=_SLOT
        | {
            "wish": "`load` or `unload`",
            "expert": "which",
            "outcome": "`done` or `failed`",
            **_REASON,
        },
    ),
    "rollout": Event(
        meaning="An edit of the registry ended.",
        fields={
            "outcome": "`live`, `unchanged`, `replaced`, `invalid`, `failed`, …",
            "generation": "its number",
            "source": "where the edit came from",
            "edit": "where one that changed nothing came from",
            "seconds": "until it was live",
            **_REASON,
        },
    ),
    "batch": Event(
        meaning="A batch came to another status, which is stored.",
        fields={"status": "OpenAI's", "num_lines": "in all", "num_done": "answered"},
    ),
    "store": Event(
        meaning="A process that answers lost the store or has it again; it serves on what is live.",
        fields={"state": "`away` or `up`", **_REASON},
    ),
    "life": Event(
        meaning="A process of the service began, is ready, pauses, drains or ended in order.",
        fields={
            "process": "`gateway`, `worker`, `conductor` or `batches`",
            "slot": "of a worker",
            "version": "of the service; not where the Conductor tells that others drain",
            "state": "`begun`, `ready`, `paused`, `resumed`, `draining` or `ended`",
            **_REASON,
        },
    ),
}
