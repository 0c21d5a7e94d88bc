"""What the entries of routers have in common, whatever their kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Self

from orchestrator.registry.fields import Entry

#: Keys and positions from a router's entry down to a value.
At = tuple[str | int, ...]


class RouterEntry(Entry):
    """What routers of every kind tell of themselves."""

    def folders(self) -> Iterator[tuple[At, str]]:
        """Where the entry names a fitted artifact, and its folder."""
        artifact: str | None = getattr(self, "artifact", None)
        if artifact is not None:
            yield ("artifact",), artifact

    def with_folders(self, absolute: Callable[[str], str]) -> Self:
        """The entry with other names for its folders."""
        return self.model_copy(
            update={str(at[0]): absolute(folder) for at, folder in self.folders()}
        )

    def named_experts(self) -> Iterator[tuple[At, str]]:
        """Where the entry names an expert that is to answer, and its id."""
        fallback: str | None = getattr(self, "fallback", None)
        if fallback is not None:
            yield ("fallback",), fallback

    def named_routers(self) -> Iterator[tuple[At, str]]:
        """Where the entry names another router, and its id."""
        return iter(())
