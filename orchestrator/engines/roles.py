"""What a slot takes calls for, and which of its seats stand for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.engines.seats import Seats
from orchestrator.errors import NotHostedError
from orchestrator.registry.models import Expert
from orchestrator.residency.loop import SlotLoop


class Roles:
    """Experts by lineage and key, as they were assigned, taught to the seats.

    While one lineage takes the place of another both may have a key: the first stands for it, and
    the other starts with it meanwhile.

    Args:
        slot: its name.
        seats: its engines.
        loop: which experts have calls, and the steps under way.
    """

    def __init__(self, slot: str, seats: Seats, loop: SlotLoop) -> None:
        self._slot = slot
        self._seats = seats
        self._loop = loop
        #: Engines that the slot should hold.
        self.wanted: tuple[str, ...] = ()
        self._taken: dict[str, dict[str, Expert]] = {}
        self._lineage_by_key: dict[str, str] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._lineage_by_key

    def keys(self, lineage: str) -> frozenset[str]:
        """What calls are taken for of a lineage."""
        return frozenset(self._taken.get(lineage, ()))

    def assign(self, lineage: str, experts: Sequence[Expert]) -> None:
        """Take calls for exactly these experts of a lineage."""
        self._taken[lineage] = {expert.key: expert for expert in experts}
        self._share()

    def want(self, engine_ids: Sequence[str]) -> None:
        """These engines are to be held."""
        self.wanted = tuple(engine_ids)
        self._teach()

    def forget_gone(self) -> None:
        """Drop lineages that have no engine any more."""
        held = {seat.lineage for seat in self._seats.values()}
        self._taken = {lineage: one for lineage, one in self._taken.items() if lineage in held}
        self._share()

    def check_hosted(self, key: str, *, meant: str = "") -> None:
        """Raise `NotHostedError` for what no calls are taken for; `meant` says where it is from."""
        if key in self._lineage_by_key:
            return
        expert, _, version = key.partition("@")
        others = sorted(one for one in self._lineage_by_key if one.startswith(f"{expert}@"))
        raise NotHostedError(
            f"slot {self._slot!r} does not host expert {expert!r} in version {version!r}{meant}; "
            f"of its {len(self._lineage_by_key)} experts these have that id: {others}"
        )

    def _share(self) -> None:
        self._lineage_by_key = {
            key: lineage for lineage in reversed(self._taken) for key in self._taken[lineage]
        }
        self._teach()

    def _teach(self) -> None:
        """Have every seat know what it stands for, and what it has calls of."""
        in_use = self._loop.experts_in_use
        wanted = {self._seats[id_].lineage for id_ in self.wanted}
        for engine_id, seat in self._seats.items():
            taken = self._taken.get(seat.lineage, {}) if engine_id in self.wanted else {}
            owned = {k: one for k, one in taken.items() if self._lineage_by_key[k] == seat.lineage}
            change = self._loop.engines[engine_id].change
            coming = set() if change is None or change.expert is None else {change.expert}
            left = {key for key in in_use if self._lineage_by_key.get(key) not in wanted}
            seat.know({**owned, **self._kept(left | coming, seat.known, owned)}, beside=taken)

    def _kept(
        self, keys: set[str], known: Mapping[str, Expert], owned: Mapping[str, Expert]
    ) -> dict[str, Expert]:
        """What a seat still needs of what it knew."""
        return {key: known[key] for key in sorted(keys) if key in known and key not in owned}
