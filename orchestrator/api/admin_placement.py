"""`/admin/placement`: where experts are at home, where they could be, and why nothing moves."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.api.admin import require_admin
from orchestrator.api.openapi import described
from orchestrator.api.preconditions import require_no_page
from orchestrator.api.wiring import Wiring
from orchestrator.residency.forecast import Forecast
from orchestrator.residency.placement_report import PlacementReport


class ForecastRow(BaseModel):
    """What an arrangement is expected to cost under the load of now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    waiting: float = Field(description="Calls that wait for a turn, on average.")
    swaps_per_s: float
    busiest: float = Field(description="Share of its time that the busiest slot works or swaps.")


class ExpertHomes(BaseModel):
    """One definition of an expert."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    expert: str = Field(description="Id and version, joined by @.")
    calls_per_s: float
    homes: list[str] = Field(description="Slots that are preferred now; none: all that host it.")
    proposed: list[str]


class EngineHosts(BaseModel):
    """The engines of one lineage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lineage: str
    slots: list[str]
    proposed: list[str]


class PlacementState(BaseModel):
    """One look at the placement."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    is_observed: bool = Field(description="Whether it is changed without being asked for.")
    is_worth: bool
    is_carried_out: bool
    why: str
    gain_s: float = Field(description="Seconds of waiting saved within the horizon.")
    moving_s: float = Field(description="Seconds that the moves take.")
    num_starts: int = Field(description="Engines that are started where none was.")
    num_homes_moved: int
    changed_s_ago: float | None
    now: ForecastRow
    then: ForecastRow
    experts: list[ExpertHomes] = Field(description="Those that were asked for, the most first.")
    lineages: list[EngineHosts]


def endpoints(wiring: Wiring) -> APIRouter:
    """The endpoints of the placement, where there is somebody who places."""
    admitted = Depends(require_admin(wiring.settings))
    router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[admitted])
    control = wiring.placement
    if control is None:
        return router

    @router.get("/placement", summary="What could be moved, and why not", responses=described())
    async def placement() -> PlacementState:
        """Homes and engines as they are and as they could be; nothing is changed."""
        return placement_state(await control.placement(False))

    @router.post(
        "/placement",
        summary="Move what is worth it",
        responses=described(),
        dependencies=[Depends(require_no_page)],
    )
    async def place() -> PlacementState:
        """As `GET`, and what is worth it is begun."""
        return placement_state(await control.placement(True))

    return router


def placement_state(report: PlacementReport) -> PlacementState:
    """A look as it is told."""
    proposal = report.proposal
    return PlacementState(
        is_observed=report.is_observed,
        is_worth=proposal.is_worth,
        is_carried_out=report.is_carried_out,
        why=proposal.why,
        gain_s=proposal.gain_s,
        moving_s=proposal.moving_s,
        num_starts=proposal.num_starts,
        num_homes_moved=proposal.num_homes_moved,
        changed_s_ago=report.changed_s_ago,
        now=_forecast(proposal.now),
        then=_forecast(proposal.then),
        experts=list(_experts(report)),
        lineages=[
            EngineHosts(
                lineage=lineage,
                slots=list(slots),
                proposed=list(report.proposed_hosts.get(lineage, ())),
            )
            for lineage, slots in sorted(report.hosts.items())
        ],
    )


def _forecast(found: Forecast) -> ForecastRow:
    return ForecastRow(waiting=found.waiting, swaps_per_s=found.swaps_per_s, busiest=found.busiest)


def _experts(report: PlacementReport) -> Iterator[ExpertHomes]:
    rates = report.load.calls_per_s
    for key in sorted(rates, key=lambda key: (-rates[key], key)):
        yield ExpertHomes(
            expert=key,
            calls_per_s=rates[key],
            homes=list(report.homes.get(key, ())),
            proposed=list(report.proposed_homes.get(key, ())),
        )
