"""Puts rows to a running service, again where it was busy."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx

from orchestrator.batch.line import LineFault, LineReply
from orchestrator.client.asynchronous.retried import retried
from orchestrator.client.failures import UnreachableError, failure, translated
from orchestrator.client.retrying import Retries
from orchestrator.errors import OrchestratorError, SetupError
from orchestrator.service.bulk.answer import Answer
from orchestrator.service.bulk.reading import PlacedRow

#: Whoever waits for an answer goes first.
_PRIORITY = -10
_PATIENT = Retries(max_attempts=12, first_wait_s=0.5, longest_wait_s=30.0)
_MAX_ORDER = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where rows are put to, and how."""

    url: str
    api_key: str | None = None
    timeout_s: float = 600.0
    retries: Retries = field(default=_PATIENT)
    #: The way to a service of this program; by network where `None`.
    transport: httpx.AsyncBaseTransport | None = None


class Asking:
    """Connections to one service.

    Args:
        service: see there.
        at_once: requests under way at most.
    """

    def __init__(self, service: Service, *, at_once: int) -> None:
        self._service = service
        key = {} if service.api_key is None else {"authorization": f"Bearer {service.api_key}"}
        self._http = httpx.AsyncClient(
            base_url=service.url,
            headers={
                **key,
                "content-type": "application/json",
                "x-orchestrator-priority": str(_PRIORITY),
            },
            timeout=service.timeout_s,
            limits=httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once),
            trust_env=False,
            transport=service.transport,
        )

    async def answer(self, placed: PlacedRow, *, order: int) -> Answer:
        """The end of a row.

        Args:
            placed: the row.
            order: its place in the plan; lower is sooner.

        Raises:
            SetupError: the service cannot be reached, whatever is asked.
        """
        if placed.fault is not None:
            return Answer(row=placed, fault=placed.fault)
        said: list[LineReply] = []
        try:
            reply = await retried(
                lambda: self._ask(placed, order, said), retries=self._service.retries
            )
        except UnreachableError as exc:
            raise SetupError(
                f"the service at {self._service.url} cannot be reached any more: start it again; "
                f"the same command goes on ({exc.message})"
            ) from exc
        except OrchestratorError as exc:
            fault = LineFault(code=exc.code, message=exc.message)
            return Answer(row=placed, reply=said[-1] if said else None, fault=fault)
        return Answer(row=placed, reply=reply)

    async def _ask(self, placed: PlacedRow, order: int, said: list[LineReply]) -> LineReply:
        """One try; keeps in `said` what the service said."""
        said.clear()
        with translated(self._service.url):
            response = await self._http.post(
                placed.row.url,
                content=placed.row.body,
                headers={"x-orchestrator-order": str(min(order, _MAX_ORDER))},
            )
        cost_usd = response.headers.get("x-orchestrator-cost-usd")
        reply = LineReply(
            status_code=response.status_code,
            request_id=response.headers.get("x-request-id", ""),
            body=response.content,
            cost_usd=None if cost_usd is None else float(cost_usd),
        )
        if response.is_success:
            return reply
        said.append(reply)
        raise failure(response.content, status=response.status_code, headers=response.headers)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()
