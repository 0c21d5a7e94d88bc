"""Every live replica, as a rollout sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from orchestrator.registry.generations import GenerationRecord


class Participants(Protocol):
    """Those that serve generations: gateways and workers."""

    async def prepare(self, proposed: GenerationRecord) -> None:
        """Return once every replica that answers can serve `proposed` beside what is live.

        A replica that does not answer does not block. Cancelled, or failing, it leaves nothing
        of `proposed` behind.

        Raises:
            RegistryError: a replica cannot serve it; the message says which, and why.
        """
        ...

    def waiting_for(self) -> Mapping[str, str]:
        """Replica -> why it is not ready for what is being prepared; empty when nothing is."""
        ...

    async def switched(self, number: int) -> None:
        """Return once every gateway that answers gives new requests this generation, or a newer.

        A gateway that does not answer holds nobody up for longer than a second.
        """
        ...

    def serving(self) -> Mapping[str, int]:
        """Gateway that was heard lately -> the generation that new requests there get."""
        ...

    async def flipped(self, live: GenerationRecord) -> None:
        """Take note that `live` is: what others alone need is drained and freed.

        It may be the generation that was live before, when one that was prepared did not become
        live after all.
        """
        ...
