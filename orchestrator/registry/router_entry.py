"""What the entries of routers have in common, whatever their kind."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.registry.fitted_entry import At, FittedEntry

__all__ = ["At", "RouterEntry"]


class RouterEntry(FittedEntry):
    """What routers of every kind tell of themselves."""

    def named_experts(self) -> Iterator[tuple[At, str]]:
        """Where the entry names an expert that is to answer, and its id."""
        fallback: str | None = getattr(self, "fallback", None)
        if fallback is not None:
            yield ("fallback",), fallback

    def named_routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names another router, and its id."""
        return iter(())
