"""What entries have that name folders of fitted artifacts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Self

from orchestrator.registry.fields import Entry

#: Keys and positions from an entry down to a value.
At = tuple[str | int, ...]


class FittedEntry(Entry):
    """An entry that may name folders written by `orchestrator fit`."""

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
