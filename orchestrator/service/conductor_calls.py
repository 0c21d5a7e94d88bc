"""The Conductor as its callers in other processes see it."""

from __future__ import annotations

import asyncio
from typing import Any, Literal, cast

from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException

from orchestrator.api.restart_control import RestartState
from orchestrator.engines.sighting import Residency
from orchestrator.errors import ExpertUnavailableError, OrchestratorError
from orchestrator.registry.changes import Applied, DiffRequest, PostedEdit, RollbackRequest
from orchestrator.registry.diff import Diff
from orchestrator.registry.generations import GenerationRecord, GenerationSummary
from orchestrator.registry.status import RolloutStatus
from orchestrator.residency.placement_report import PlacementReport
from orchestrator.residency.wishes import Granted, Wish
from orchestrator.service.ray_engine import RETRY_AFTER_S
from orchestrator.service.reports import Census, GatewayReport

#: What may be asked of the registry's owner; each is a method of `RegistryControl`.
Question = Literal["status", "read", "apply", "rollback", "diff", "history"]
#: What may be asked of who sees all slots; each is a method of `ResidencyControl`.
SlotQuestion = Literal["residency", "steer"]
#: What may be asked of who places; each is a method of `PlacementControl`.
PlacementQuestion = Literal["placement"]
#: What may be asked of who replaces processes; each is a method of `RestartControl`.
RestartQuestion = Literal["restart", "restarting"]

#: The Conductor answers a question within this, seconds.
_PATIENCE_S = 5.0
#: A solver works on its homes for a third of this at most.
_PLACING_S = 30.0
#: An edit or a wish that is waited for may start engines; its own limit, which says more, comes
#: before.
_ROLLOUT_S = 1200.0


class ConductorCalls:
    """Calls the Conductor by its Serve handle.

    Implements `RegistryControl`, `ResidencyControl`, `PlacementControl` and `RestartControl` of
    `api/`.
    Every method raises `ExpertUnavailableError` when it does not answer.
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    async def census(self, report: GatewayReport) -> Census:
        """Say how this gateway is, and hear how the slots are."""
        return cast("Census", await _answer(self._handle.census.remote(report), _PATIENCE_S))

    async def status(self) -> RolloutStatus:
        """See `RegistryControl.status`."""
        return cast("RolloutStatus", await self._ask("status"))

    async def read(self, number: int | None) -> GenerationRecord:
        """See `RegistryControl.read`."""
        return cast("GenerationRecord", await self._ask("read", number))

    async def apply(self, edit: PostedEdit) -> Applied:
        """See `RegistryControl.apply`."""
        return cast("Applied", await self._ask("apply", edit, within_s=_ROLLOUT_S))

    async def rollback(self, request: RollbackRequest) -> Applied:
        """See `RegistryControl.rollback`."""
        return cast("Applied", await self._ask("rollback", request, within_s=_ROLLOUT_S))

    async def diff(self, request: DiffRequest) -> Diff:
        """See `RegistryControl.diff`."""
        return cast("Diff", await self._ask("diff", request, within_s=60.0))

    async def history(self) -> list[GenerationSummary]:
        """See `RegistryControl.history`."""
        return cast("list[GenerationSummary]", await self._ask("history"))

    async def residency(self) -> Residency:
        """See `ResidencyControl.residency`."""
        return cast("Residency", await self._oversee("residency"))

    async def steer(self, wish: Wish) -> tuple[Granted, ...]:
        """See `ResidencyControl.steer`."""
        within_s = _ROLLOUT_S if wish.waits else _PATIENCE_S
        return cast("tuple[Granted, ...]", await self._oversee("steer", wish, within_s=within_s))

    async def placement(self, carries_out: bool) -> PlacementReport:
        """See `PlacementControl.placement`."""
        asked = self._handle.arrange.remote("placement", carries_out)
        return cast("PlacementReport", _sound(await _answer(asked, _PLACING_S)))

    async def restart(self, part: str) -> RestartState:
        """See `RestartControl.restart`."""
        return await self._renew("restart", part)

    async def restarting(self) -> RestartState:
        """See `RestartControl.restarting`."""
        return await self._renew("restarting")

    async def _renew(self, question: RestartQuestion, *arguments: object) -> RestartState:
        asked = self._handle.renew.remote(question, *arguments)
        return cast("RestartState", _sound(await _answer(asked, _PATIENCE_S)))

    async def _ask(
        self, question: Question, *arguments: object, within_s: float = _PATIENCE_S
    ) -> Any:
        return _sound(await _answer(self._handle.answer.remote(question, *arguments), within_s))

    async def _oversee(
        self, question: SlotQuestion, *arguments: object, within_s: float = _PATIENCE_S
    ) -> Any:
        return _sound(await _answer(self._handle.oversee.remote(question, *arguments), within_s))


def _sound(answer: Any) -> Any:
    """An answer that is no error of ours."""
    if isinstance(answer, OrchestratorError):
        raise answer
    return answer


async def _answer(response: Any, within_s: float) -> Any:
    try:
        async with asyncio.timeout(within_s):
            return await response
    except (TimeoutError, RayError, RayServeException) as exc:
        response.cancel()
        raise ExpertUnavailableError(
            f"the Conductor does not answer ({type(exc).__name__})", retry_after_s=RETRY_AFTER_S
        ) from exc
