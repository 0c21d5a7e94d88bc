"""One edit on its way to every replica: check, propose, prepare everywhere, flip one pointer."""

from __future__ import annotations

from typing import Protocol

from orchestrator.registry.generations import GenerationRecord


class Participants(Protocol):
    """Every live replica, as a rollout sees them."""

    async def prepare(self, proposed: GenerationRecord) -> None:
        """Return once every replica that answers can serve `proposed` beside what is live.

        A replica that does not answer does not block. Cancelled, or failing, it leaves nothing
        of `proposed` behind.

        Raises:
            RegistryError: a replica cannot serve it; the message says which, and why.
        """
        ...

    async def flipped(self, live: GenerationRecord) -> None:
        """Take note that `live` is: what only older generations need is drained and freed."""
        ...
