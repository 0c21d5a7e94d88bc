"""The endpoint as batches use it: a line is a request, so all that holds for one holds for it."""

from __future__ import annotations

from typing import Protocol

from orchestrator.batch.line import Line, LineReply
from orchestrator.planner.workload import PlannedCall

#: What lines may ask for.
ENDPOINTS = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings")


class Endpoint(Protocol):
    """Validates, routes and answers lines."""

    async def foresee(self, line: Line, *, owner: str = "") -> tuple[PlannedCall, ...]:
        """Validate the body and say which calls it will make; nothing is generated.

        Composed answers have several stages; a recalled answer has no call.

        Args:
            line: as it was read.
            owner: of the batch: whose terms bind it.

        Raises:
            OrchestratorError: the line cannot be answered as asked; `param` names the field.
        """
        ...

    async def answer(self, line: Line, *, call_id: str, batch: str, owner: str) -> LineReply:
        """Answer a line; every error is a reply.

        Args:
            line: valid.
            call_id: names the request in records and logs; calls it makes can be known by it.
            batch: that it is a line of.
            owner: of the batch: who pays for it, and whose terms bind it.
        """
        ...

    def held_up(self, owner: str) -> str | None:
        """Why lines of this owner wait before they are answered; `None` where none does."""
        ...
