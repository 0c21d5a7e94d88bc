"""`/admin/residency` and `/admin/experts/*`: what slots do and why, and an operator's wishes."""

from __future__ import annotations

import difflib
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.api.admin import require_admin
from orchestrator.api.openapi import described
from orchestrator.api.preconditions import require_no_page
from orchestrator.api.residency_control import ResidencyControl
from orchestrator.api.residency_rows import ResidencyState
from orchestrator.api.residency_view import Here, residency_state
from orchestrator.api.wiring import Wiring
from orchestrator.engines.remote import is_remote
from orchestrator.errors import ConflictError, NotFoundError
from orchestrator.registry.models import Expert, Registry
from orchestrator.residency.wishes import WISH_KINDS, Granted, Wish, WishKind

_SUMMARIES: dict[WishKind, str] = {
    "load": "Make an expert resident",
    "unload": "Have an expert's engine step down",
    "pin": "Keep an expert resident",
    "unpin": "Keep an expert no longer",
}


class GrantedRow(BaseModel):
    """What became of it at one slot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slot: str
    outcome: Literal["done", "begun"]
    took_s: float = Field(description="Until the answer.")


class Steered(BaseModel):
    """What became of a wish."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    expert: str
    version: str = Field(description="The definition that is meant: the live one.")
    wish: WishKind
    slots: list[GrantedRow]


def endpoints(wiring: Wiring) -> APIRouter:
    """The endpoints of slots, where there is somebody who sees them."""
    admitted = Depends(require_admin(wiring.settings))
    router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[admitted])
    control = wiring.residency
    if control is None:
        return router

    @router.get("/residency", summary="What slots do and why", responses=described())
    async def residency() -> ResidencyState:
        """Every slot, asked afresh: engines, residents, queues, the next action and its reason.

        Circuits are those of the gateway that answers.
        """
        programs = wiring.live()
        experts = programs.registry.experts
        here = Here(
            gateway=wiring.gateway,
            generation=programs.generation,
            live=frozenset(one.key for one in experts),
            hosted=frozenset(one.key for one in experts if not is_remote(one)),
            circuits=wiring.circuits(),
        )
        return residency_state(await control.residency(), here)

    for kind in WISH_KINDS:
        _add_wish(router, wiring, control, kind)
    return router


def _add_wish(router: APIRouter, wiring: Wiring, control: ResidencyControl, kind: WishKind) -> None:
    @router.post(
        f"/experts/{{expert_id}}/{kind}",
        name=kind,
        summary=_SUMMARIES[kind],
        responses=described(),
        dependencies=[Depends(require_no_page)],
    )
    async def wish(
        expert_id: str, slot: Annotated[str | None, Query(max_length=128)] = None, wait: bool = True
    ) -> Steered:
        """At `slot`, or else at all that host the live definition; up at its homes, if it has any.

        The answer comes when it is done; with `wait=false`, as soon as it is begun.
        """
        expert = _hosted(wiring.live().registry, expert_id)
        wanted = Wish(kind=kind, expert=expert.id, key=expert.key, slot=slot, waits=wait)
        return _steered(wanted, expert, await control.steer(wanted))


def _hosted(registry: Registry, expert_id: str) -> Expert:
    """The live definition of an expert that slots host.

    Raises:
        NotFoundError: no expert has this id.
        ConflictError: it needs no slot.
    """
    found = next((one for one in registry.experts if one.id == expert_id), None)
    hosted = [one.id for one in registry.experts if not is_remote(one)]
    if found is None:
        near = difflib.get_close_matches(expert_id[:128], hosted, n=3, cutoff=0.5)
        hint = f"nearest: {near}" if near else f"experts of slots: {hosted[:20]}"
        raise NotFoundError(
            f"expert {expert_id[:128]!r} is not in the registry; {hint}", param="expert_id"
        )
    if is_remote(found):
        raise ConflictError(
            f"expert {found.id!r} is of kind {found.engine.kind!r}: gateways run it and no slot "
            f"holds weights of it; experts of slots: {hosted[:20]}",
            param="expert_id",
        )
    return found


def _steered(wish: Wish, expert: Expert, granted: tuple[Granted, ...]) -> Steered:
    rows = [GrantedRow(slot=one.slot, outcome=one.outcome, took_s=one.took_s) for one in granted]
    return Steered(expert=expert.id, version=expert.version, wish=wish.kind, slots=rows)
