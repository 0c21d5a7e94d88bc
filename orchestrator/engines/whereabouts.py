"""What a gateway knows of slots and upstreams: where experts are, who has which calls, who failed.

Dispatch goes by it for each call, and routers are told by it beforehand who could answer and how
soon (`Foresight`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

from orchestrator.costs.estimate import Estimate
from orchestrator.engines.base import Engine
from orchestrator.engines.circuits import Circuit, Circuits
from orchestrator.engines.embedding import AnyCall
from orchestrator.errors import OrchestratorError
from orchestrator.residency.choice import SlotOutlook, SlotView, answer_s, delay_s
from orchestrator.residency.placement import DispatchTable

#: Of a slot that was asked for nothing, and of one that has told nothing.
_NO_CALLS: Mapping[str, int] = {}
_UNTOLD = SlotOutlook()
#: Of an upstream that was not asked yet.
_UNSEEN = Estimate(mean_s=1.0)
#: Missing experts that are remembered: those of generations long gone are among them.
_MAX_MISSED = 10_000


class Whereabouts:
    """Every engine that calls can be sent to, as seen from here.

    Args:
        table: where experts are hosted.
        slots: engine of each slot by name.
        remotes: engines of the experts that run elsewhere, by `Expert.key`. Both are read anew
            each time, so that their owner may change them.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        table: DispatchTable,
        *,
        slots: Mapping[str, Engine],
        remotes: Mapping[str, Engine],
        clock: Callable[[], float],
    ) -> None:
        self.table = table
        self._slots = slots
        self._remotes = remotes
        self._clock = clock
        #: Calls that wait or run, by slot and `Expert.key`, and whom each slot was asked for last.
        self._calls: dict[str, Counter[str]] = defaultdict(Counter)
        self._last_expert: dict[str, str] = {}
        self._circuits = Circuits(clock=clock)
        self._took: dict[str, Estimate] = {}
        #: Tables adopted so far, and how many there were when an expert was missed first.
        self._num_tables = 0
        self._missed_at: dict[str, int] = {}
        self._unreachable: tuple[tuple[object, ...], Mapping[str, str]] = ((), {})

    def adopt(self, table: DispatchTable) -> None:
        """Go by `table` from now on.

        A table of a Conductor that does not know of homes yet leaves those that were known.
        """
        if table.homes_by_expert is None:
            table = table.model_copy(update={"homes_by_expert": self.table.homes_by_expert})
        self.table = table
        self._num_tables += 1
        if len(self._missed_at) > _MAX_MISSED:
            self._missed_at.clear()
        self._missed_at = {k: at for k, at in self._missed_at.items() if not self._connected(k)}
        self._took = {key: one for key, one in self._took.items() if key in self._remotes}
        self._last_expert = {n: key for n, key in self._last_expert.items() if n in self._slots}
        self._circuits.keep({*self._slots, *self._remotes})

    def engines(self, expert: str, key: str) -> dict[str, Engine]:
        """Every engine that could take a call for the expert, by a name for people."""
        remote = self._remotes.get(key)
        if remote is not None:
            return {_upstream(expert): remote}
        return {name: self._slots[name] for name in self._connected(key)}

    def best(self, names: Sequence[str], key: str, *, planned: str | None = None) -> str:
        """Of these engines the one to ask: alive, then planned, then where the answer is soonest.

        Args:
            names: at least one.
            key: the expert's.
            planned: where its caller's plan has the call.
        """
        if planned is not None and planned in names and not self._circuits.is_avoided(planned):
            return planned
        return min(names, key=lambda name: self._rank(name, key))

    def best_slot(self, key: str) -> Engine | None:
        """The slot that would be asked now, `None` where there is none."""
        names = self._connected(key)
        return self._slots[self.best(names, key)] if names else None

    def is_awaited(self, key: str) -> bool:
        """Whether nothing hosts the expert for now, since its slots are being restarted."""
        return key in self.table.awaited

    def nowhere(self, call: AnyCall) -> str:
        """Why no engine takes a call, for people."""
        hosts = self.table.slots(call.key)
        if not hosts:
            made = f"generation {call.generation} has it ({call.version})"
            return f"no slot hosts it yet, as {made}"
        return f"it is on {list(hosts)}, connected are {sorted(self._slots)}"

    def refusing_s(self, name: str, key: str) -> float | None:
        """Seconds for which not to ask this engine at all; `None` where it may be asked.

        Slots are never refused: one that died may be another process already.
        """
        return self._circuits.refusing_s(key) if key in self._remotes else None

    @property
    def circuits(self) -> tuple[Circuit, ...]:
        """Those of slots and upstreams that are not closed."""
        return self._circuits.seen(self._remotes)

    def begin(self, name: str, key: str) -> None:
        """A call was sent to this engine."""
        self._circuits.tried(self._circuit(name, key))
        self._last_expert[name] = key
        self._calls[name][key] += 1

    def end(self, name: str, key: str) -> None:
        """It is over there, however it ended."""
        self._circuits.given_up(self._circuit(name, key))
        calls = self._calls[name]
        calls[key] -= 1
        if not calls[key]:
            del calls[key]
        if not calls:
            del self._calls[name]  # names come and go with edits

    def took(self, name: str, key: str, seconds: float) -> None:
        """A call was answered whole in so much time."""
        self._circuits.answered(self._circuit(name, key), began_s=self._clock() - seconds)
        if key in self._remotes:
            self._took[key] = self._took.get(key, _UNSEEN).after(seconds)

    def failed(self, name: str, key: str, error: OrchestratorError) -> None:
        """A call failed there: after some of them it is the last choice for a while."""
        is_slot = key not in self._remotes
        self._circuits.failed(self._circuit(name, key), error, is_slot=is_slot)

    def unreachable(self, keys: frozenset[str]) -> Mapping[str, str]:
        """See `Foresight`; remembered while nothing that decides it has changed."""
        avoided = self._circuits.avoided()
        state = (keys, self._num_tables, tuple(self._slots), avoided)
        seen, found = self._unreachable
        if seen != state:
            reasons = {key: self._why_not(key, avoided) for key in keys}
            found = {key: why for key, why in reasons.items() if why is not None}
            self._unreachable = state, found
        return found

    def answer_s(self, key: str) -> float:
        """See `Foresight`."""
        if key in self._remotes:
            return self._took.get(key, _UNSEEN).mean_s
        hosts = self._connected(key)
        names = [name for name in hosts if not self._circuits.is_avoided(name)]
        views = [self._view(name) for name in names or hosts] or [SlotView()]
        return min(answer_s(key, view) for view in views)

    def _why_not(self, key: str, avoided: Sequence[str]) -> str | None:
        """Why nobody would answer for this expert now; `None` where somebody may.

        An expert that a table lacks may be newer than the table: the next one tells.
        """
        if key in self._remotes:
            return "its upstream failed a moment ago" if key in avoided else None
        names = self._connected(key)
        if not names:
            missed_at = self._missed_at.setdefault(key, self._num_tables)
            return None if missed_at == self._num_tables else "no slot that answers hosts it"
        alive = [name for name in names if name not in avoided]
        if not alive:
            return f"{list(names)}, which host it, failed a moment ago"
        outlooks = [self.table.outlook_by_slot.get(name, _UNTOLD) for name in alive]
        if all(key in outlook.broken for outlook in outlooks):
            return f"{alive} leave it alone after a step that failed"
        return None

    def _connected(self, key: str) -> tuple[str, ...]:
        return tuple(name for name in self.table.slots(key) if name in self._slots)

    def _rank(self, name: str, key: str) -> tuple[bool, float, int]:
        """Least is best: alive, then where the answer is soonest; of equal ones the first."""
        is_home = name in self.table.homes(key)
        is_avoided = self._circuits.is_avoided(self._circuit(name, key))
        return is_avoided, *delay_s(key, self._view(name), is_home=is_home)

    def _circuit(self, name: str, key: str) -> str:
        """Whose circuit it is: a slot's, or that of one definition's upstream."""
        return key if key in self._remotes else name

    def _view(self, name: str) -> SlotView:
        return SlotView(
            num_by_expert=self._calls.get(name, _NO_CALLS),
            last_expert=self._last_expert.get(name),
            outlook=self.table.outlook_by_slot.get(name, _UNTOLD),
        )


def _upstream(expert: str) -> str:
    return f"upstream of {expert}"
