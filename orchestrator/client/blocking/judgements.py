# Made of asynchronous/judgements.py by `python orchestrator/client/twin.py`: edit that one.
"""`client.judgements`: what callers said of answers, for operators."""

from __future__ import annotations

from orchestrator.client.blocking.connections import Connection
from orchestrator.client.feedback import (
    Reverted,
    SaidList,
    TakenBack,
    revert_call,
    said_call,
    take_back_call,
)


class FeedbackAdmin:
    """Asks a service what was said of its answers, and takes it back.

    Every method raises `OrchestratorError`s: what the service says, or a `ClientError`.
    """

    def __init__(self, to: Connection) -> None:
        self._to = to

    def said(self, *, limit: int = 100) -> SaidList:
        """The newest judgements, newest first.

        Example:
            ```python
            told = client.judgements.said(limit=20)
            for one in told.data:
                print(one.at_s, one.expert, one.score)
            ```
        """
        return self._to.ask(SaidList, said_call(limit=limit))

    def take_back(self, feedback_id: str) -> TakenBack:
        """Take one judgement back.

        Example:
            ```python
            answer = client.chat("What is the capital of Kenya?")
            said = client.feedback(answer.origin.request_id, score=0)
            client.judgements.take_back(said.id)
            ```
        """
        return self._to.ask(TakenBack, take_back_call(feedback_id))

    def revert(self, giver: str) -> Reverted:
        """Take back all that one giver said.

        Example:
            ```python
            told = client.judgements.said(limit=1)
            for one in told.data:
                print(client.judgements.revert(one.giver).num_deleted)
            ```
        """
        return self._to.ask(Reverted, revert_call(giver))
