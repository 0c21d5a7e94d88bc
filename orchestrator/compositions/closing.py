"""How composed requests end: by a last call that is streamed, else by the best answer there is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from orchestrator.compositions.base import Decision, Reply
from orchestrator.compositions.stages import (
    CallDone,
    StageDone,
    told,
    worth_telling,
)
from orchestrator.compositions.staging import Ask, Staging
from orchestrator.engines.base import Choice, Item
from orchestrator.engines.notices import Notice
from orchestrator.errors import ContextTooLongError, EngineProtocolError, OrchestratorError


def answering(
    decision: Decision,
    stages: list[StageDone],
    answered: Callable[[Reply], AsyncIterator[Item]],
) -> Reply:
    """A reply whose items may change its decision: `answered` makes them of it."""
    reply = Reply(decision=decision, items=_nothing(), stages=stages)
    reply.items = answered(reply)
    return reply


async def closed_by(
    reply: Reply,
    staging: Staging,
    name: str,
    asks: Sequence[Ask],
    *,
    best: tuple[str, Choice] | None,
) -> AsyncGenerator[Item, None]:
    """Stream the last call of a request; where it gives nothing, say the best answer so far.

    Nothing is tried again once a part of the answer was said.

    Args:
        reply: its decision is told who answers, and who could not.
        staging: the request so far.
        name: of the last stage.
        asks: the call, then shorter ones of the same for a context that is too short for it.
        best: who wrote the best answer so far, and that answer; `None` where there is none.

    Raises:
        OrchestratorError: the last call failed, and there is no answer.
    """
    failed: OrchestratorError | None = None
    for ask in asks:
        failed = staging.why_not(ask)
        if failed is None:
            reply.decision = replace(reply.decision, expert=ask.expert)
            is_said = False
            try:
                async with aclosing(staging.last(name, ask)) as items:
                    async for item in items:
                        is_said = is_said or not isinstance(item, Notice)
                        yield item
                return
            except OrchestratorError as error:
                if is_said:
                    raise
                failed = error
        if not isinstance(failed, ContextTooLongError):
            break
    assert failed is not None, "there is a call to make, and it gave nothing"
    if best is None:
        raise failed
    author, choice = best
    failed_by_id = {**reply.decision.failed, asks[0].expert: failed.code}
    reply.decision = replace(reply.decision, expert=author, failed=failed_by_id)
    yield told(choice, staging.usage)


def no_answer(
    composition_id: str, calls: Sequence[CallDone], *, num: int, least: int
) -> OrchestratorError:
    """Why a stage came to fewer answers than its composition wants."""
    if errors := [call.error for call in calls if call.error is not None]:
        return worth_telling(errors)
    return EngineProtocolError(
        f"model {composition_id!r} got {num} answers that say anything of {len(calls)} calls, and "
        f"needs {least}"
    )


async def _nothing() -> AsyncGenerator[Item, None]:
    return
    yield
