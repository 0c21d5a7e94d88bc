"""What of a swap or an addition is refused before it is begun, from definitions and headers."""

from __future__ import annotations

from orchestrator.engines.lineage import Lineage
from orchestrator.engines.running import Running
from orchestrator.errors import RegistryError, SwapError
from orchestrator.registry.models import Expert


def check_sibling(lineage: Lineage, running: Running, expert: Expert) -> None:
    """Raise `SwapError` unless an engine of `lineage` can become `expert`; reads headers."""
    try:
        is_sibling = lineage.holds(expert)
    except RegistryError as exc:
        raise SwapError(exc.message) from exc
    if not is_sibling:
        raise SwapError(
            f"expert {expert.id!r} is not of lineage {lineage.id!r}; an engine of its own is needed"
        )
    running.prepare(expert)


def check_adapter(
    lineage: Lineage, running: Running, expert: Expert, *, loaded: Expert | None
) -> None:
    """Raise `SwapError` unless `expert` is an adapter on the weights that are `loaded`."""
    if loaded is None or not expert.is_adapter or expert.model != loaded.model:
        raise SwapError(
            f"expert {expert.id!r} is no adapter on the weights that are loaded; "
            f"{loaded.id if loaded else None!r} is"
        )
    check_sibling(lineage, running, expert)
