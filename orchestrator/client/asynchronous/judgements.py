"""`client.judgements`: what callers said of answers, for operators."""

from __future__ import annotations

from orchestrator.client.asynchronous.connections import AsyncConnection
from orchestrator.client.feedback import (
    Reverted,
    SaidList,
    TakenBack,
    revert_call,
    said_call,
    take_back_call,
)


class AsyncFeedbackAdmin:
    """Asks a service what was said of its answers, and takes it back.

    Every method raises `OrchestratorError`s: what the service says, or a `ClientError`.
    """

    def __init__(self, to: AsyncConnection) -> None:
        self._to = to

    async def said(self, *, limit: int = 100) -> SaidList:
        """The newest judgements, newest first.

        Example:
            ```python
            told = await client.judgements.said(limit=20)
            for one in told.data:
                print(one.at_s, one.expert, one.score)
            ```
        """
        return await self._to.ask(SaidList, said_call(limit=limit))

    async def take_back(self, feedback_id: str) -> TakenBack:
        """Take one judgement back.

        Example:
            ```python
            answer = await client.chat("What is the capital of Kenya?")
            said = await client.feedback(answer.origin.request_id, score=0)
            await client.judgements.take_back(said.id)
            ```
        """
        return await self._to.ask(TakenBack, take_back_call(feedback_id))

    async def revert(self, giver: str) -> Reverted:
        """Take back all that one giver said.

        Example:
            ```python
            told = await client.judgements.said(limit=1)
            for one in told.data:
                print((await client.judgements.revert(one.giver)).num_deleted)
            ```
        """
        return await self._to.ask(Reverted, revert_call(giver))
