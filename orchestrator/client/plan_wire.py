"""A plan as the service writes it into the output file of a dry run, as frozen values."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from orchestrator.client.failures import UnexpectedReplyError, unexpected
from orchestrator.client.wire_form import Wire

#: The form that is understood here.
_VERSION = 1


class Figures(Wire):
    """What a way of doing it takes."""

    num_runs: int
    num_swaps: int
    #: In swaps, on all slots together.
    swap_s: float
    #: Until the last call has ended.
    makespan_s: float


class PlanSummary(Figures):
    """The whole of a plan."""

    version: int
    num_requests: int
    num_calls: int
    #: Of these, calls that no slot is planned for: their experts are upstreams, or nowhere yet.
    num_unplanned: int = 0
    num_experts: int
    num_slots: int
    prompt_tokens: float
    output_tokens: float
    #: The same calls in the order they stand in the file.
    arrival: Figures
    #: Nothing can be faster, whatever the plan; proven for the same costs.
    lower_bound_s: float
    #: How much longer than that it takes, as a share; 0 is optimal.
    gap: float
    #: Requests that would end after their deadline.
    num_late: int = 0


class PlanRun(Wire):
    """Consecutive calls of one expert on one slot; seconds from the moment it was planned."""

    slot: str
    expert: str
    stage: int
    num_calls: int
    num_tokens: float
    #: Its step begins; `None` where the expert is there already.
    begins_s: float
    step: str | None = None
    step_s: float = 0.0
    ends_s: float


class PlanExpert(Wire):
    """What one expert does in a plan."""

    expert: str
    num_calls: int
    prompt_tokens: float
    output_tokens: float
    num_runs: int
    num_swaps: int
    #: Of slots, steps to it included.
    busy_s: float


class BatchPlan(Wire):
    """What a batch would take."""

    summary: PlanSummary
    #: In order of time.
    runs: tuple[PlanRun, ...] = ()
    #: Those with most calls first.
    experts: tuple[PlanExpert, ...] = ()


class _Head(Wire):
    type: str
    version: int = _VERSION


def read_plan(lines: Iterable[bytes]) -> BatchPlan:
    """The plan that a file's lines say.

    Raises:
        UnexpectedReplyError: they are no plan, or one of a form that this version does not know.
    """
    found: dict[str, list[bytes]] = {"summary": [], "run": [], "expert": []}
    for number, line in enumerate((one for one in lines if one.strip()), start=1):
        found.get(_kind_of(line, number), []).append(line)
    if len(found["summary"]) != 1:
        raise UnexpectedReplyError("the file is no plan: it has no line of type 'summary'")
    try:
        return BatchPlan(
            summary=PlanSummary.model_validate_json(found["summary"][0]),
            runs=tuple(map(PlanRun.model_validate_json, found["run"])),
            experts=tuple(map(PlanExpert.model_validate_json, found["expert"])),
        )
    except ValidationError as exc:
        raise unexpected(b"(a line of the plan)", exc) from exc


def _kind_of(line: bytes, number: int) -> str:
    try:
        head = _Head.model_validate_json(line)
    except ValidationError as exc:
        raise UnexpectedReplyError(
            f"line {number} is no line of a plan: {line[:80].decode(errors='replace')!a}"
        ) from exc
    if head.version > _VERSION:
        raise UnexpectedReplyError(
            f"the plan is of version {head.version}, this client reads up to {_VERSION}: update it"
        )
    return head.type
