"""What the Conductor says of its placement: what is, what could be, and why nothing moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.residency.load import Load
from orchestrator.residency.rearranging import Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementReport:
    """One look at the placement."""

    #: Whether the Conductor looks by itself.
    is_observed: bool
    load: Load
    #: `Expert.key` -> slots, as they are now and as is proposed.
    homes: Mapping[str, tuple[str, ...]]
    proposed_homes: Mapping[str, tuple[str, ...]]
    #: Lineage -> slots, likewise.
    hosts: Mapping[str, tuple[str, ...]]
    proposed_hosts: Mapping[str, tuple[str, ...]]
    proposal: Proposal
    #: Since the last change, seconds; `None` before the first.
    changed_s_ago: float | None
    #: Whether what is proposed has been begun.
    is_carried_out: bool
