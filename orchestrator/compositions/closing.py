"""How composed requests end: by a last call that is streamed, else by the best answer there is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Reply
from orchestrator.compositions.progress import Told
from orchestrator.compositions.stages import CallDone, told, worth_telling
from orchestrator.compositions.staging import Staging
from orchestrator.engines.answer import Choice
from orchestrator.engines.base import Chunk, Delta
from orchestrator.errors import (
    ContextTooLongError,
    EngineProtocolError,
    EngineTimeoutError,
    OrchestratorError,
)


async def closed_by(
    reply: Reply,
    staging: Staging,
    name: str,
    asks: Sequence[Ask],
    *,
    best: tuple[str, Choice] | None,
) -> AsyncGenerator[Told, None]:
    """Stream the last call of a request; where it gives nothing, say the best answer so far.

    A stream that the end of the request's time cuts off ends there, as one that is too long.

    Nothing is tried again once a part of the answer was said; of an answer that is not streamed
    nothing is said before its end.

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
                async with aclosing(_read(staging, name, ask)) as items:
                    async for item in items:
                        is_said = is_said or isinstance(item, Chunk)
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


async def _read(staging: Staging, name: str, ask: Ask) -> AsyncGenerator[Told, None]:
    """The last call as it comes; all of it at its end where nobody reads along.

    Another answer can then take the place of one that breaks off.
    """
    if staging.is_streamed:
        async with aclosing(_in_time(staging, name, ask)) as items:
            async for item in items:
                yield item
        return
    async with aclosing(staging.last(name, ask)) as items:
        held = [item async for item in items]
    for item in held:
        yield item


async def _in_time(staging: Staging, name: str, ask: Ask) -> AsyncGenerator[Told, None]:
    """The last call as it comes; what was said when the request's time is over is the answer."""
    is_said = False
    try:
        async with aclosing(staging.last(name, ask)) as items:
            async for item in items:
                is_said = is_said or isinstance(item, Chunk)
                yield item
    except EngineTimeoutError:
        if not is_said or staging.ledger.left_s > 0:
            raise
        yield Chunk(deltas=(Delta(finish_reason="length"),), usage=staging.usage)


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
