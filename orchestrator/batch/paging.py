"""Pages of what is kept: files and batches, newest first or oldest first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from orchestrator.batch.asked import Page
from orchestrator.errors import InvalidRequestError


class Kept(Protocol):
    """What has an id and a time."""

    @property
    def id(self) -> str:
        """Unguessable."""
        ...

    @property
    def created_at(self) -> int:
        """Unix time, seconds."""
        ...


K = TypeVar("K", bound=Kept)


def page_of(kept: Iterable[K], page: Page) -> tuple[list[K], bool]:
    """The entries of a page, and whether there are more behind it.

    Raises:
        InvalidRequestError: the id that it goes on after is none of them.
    """
    entries = sorted(kept, key=_order, reverse=not page.is_ascending)
    if page.after is not None:
        place = next((at for at, one in enumerate(entries) if one.id == page.after), None)
        if place is None:
            raise InvalidRequestError(
                f"'after' is {page.after[:128]!r}, which is none of this list; give the id of an "
                "entry, or leave it out to begin anew",
                param="after",
            )
        entries = entries[place + 1 :]
    return entries[: page.limit], len(entries) > page.limit


def _order(one: Kept) -> tuple[int, str]:
    return one.created_at, one.id
