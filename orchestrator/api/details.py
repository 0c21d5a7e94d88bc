"""What came of each stage and call: for decision records, and for callers who ask."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orchestrator.compositions.base import Reply
from orchestrator.compositions.stages import CallDone, StageDone, expert_calls_of, usage_of
from orchestrator.engines.base import Usage
from orchestrator.store.records import CallRecord, StageRecord


def recorded(stage: StageDone) -> StageRecord:
    """A stage as it is recorded, with the stages of the compositions that it asked."""
    calls = [_recorded(call) for call in stage.calls]
    return StageRecord(name=stage.name, took_ms=_ms(stage.took_s), calls=calls)


def details_of(reply: Reply, usage: Usage | None) -> dict[str, Any]:
    """The object `orchestrator` of an answer that has ended.

    Args:
        reply: what was decided and done.
        usage: of all its calls.
    """
    decision = reply.told
    asked = expert_calls_of(reply.stages)
    author = None if reply.ledger is None else decision.answered_by
    if not reply.stages and author is not None:
        asked = (CallDone(expert=author, took_s=0.0, usage=usage),)
    return {
        "expert": decision.answered_by,
        "chosen": list(decision.route.chosen) if decision.route else [decision.expert],
        "reasons": list(decision.route.reasons) if decision.route else [],
        "failed": dict(decision.failed),
        "reached": list(reply.reached),
        "stages": [recorded(stage).model_dump(mode="json") for stage in reply.stages],
        "by_expert": _by_expert(asked),
    }


def _by_expert(calls: Iterable[CallDone]) -> dict[str, dict[str, Any]]:
    """What each expert did, in the order in which they were asked first."""
    calls_by_id: dict[str, list[CallDone]] = {}
    for call in calls:
        calls_by_id.setdefault(call.expert, []).append(call)
    return {
        expert: {"calls": len(own), **_used(usage_of(own))} for expert, own in calls_by_id.items()
    }


def _recorded(call: CallDone) -> CallRecord:
    return CallRecord(
        expert=call.expert,
        answered_by=call.answered_by,
        ending=call.ending,
        num_answers=call.num_answers,
        num_dropped=call.num_dropped,
        **_used(call.usage),
        took_ms=_ms(call.took_s),
        stages=[recorded(stage) for stage in call.stages],
    )


def _used(usage: Usage | None) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens if usage else 0,
        "completion_tokens": usage.completion_tokens if usage else 0,
        "cost_usd": usage.cost_usd if usage else None,
    }


def _ms(took_s: float) -> float:
    return round(took_s * 1000, 3)
