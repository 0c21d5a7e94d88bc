"""Policies by name: ours at a place of its knob, and the peers'."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.errors import SetupError
from orchestrator.residency.bounded import Bounded
from orchestrator.residency.courteous import Courteous
from orchestrator.residency.estimates import refusal_s
from orchestrator.simulation.dispatching import least_delay
from orchestrator.simulation.peers.arrival_order import arrival_order
from orchestrator.simulation.peers.collation import collation
from orchestrator.simulation.peers.coserve import CoServe, least_added
from orchestrator.simulation.peers.longest_queue import longest_queue
from orchestrator.simulation.peers.one_lock import one_lock
from orchestrator.simulation.run import Contender
from orchestrator.simulation.trace import Trace

#: By name: what it takes to make a contender for a trace.
PEERS: Mapping[str, Callable[[Trace], Contender]] = {
    "lru": lambda _: Contender(name="lru", policy=lambda: arrival_order),
    "one_lock": lambda _: Contender(name="one_lock", policy=lambda: one_lock),
    "fifo": lambda _: Contender(name="fifo", policy=lambda: collation),
    "longest_queue": lambda _: Contender(name="longest_queue", policy=lambda: longest_queue),
    "coserve": lambda trace: Contender(
        name="coserve", policy=lambda: CoServe(trace), dispatching=least_added
    ),
}
#: Ours first.
NAMES = ("bounded", *PEERS)


def contender(
    name: str,
    trace: Trace,
    *,
    patience: float = Bounded().patience,
    beside: float = Courteous().beside,
) -> Contender:
    """The contender of this name for a trace; `patience` and `beside` are our policy's knobs.

    Raises:
        SetupError: there is none.
    """
    if name == "bounded":
        return Contender(
            name=name,
            policy=lambda: Courteous(patience=patience, beside=beside),
            doorkeeper=refusal_s,
            dispatching=least_delay,
        )
    if name not in PEERS:
        raise SetupError(f"no policy is called {name!r}; known: {list(NAMES)}")
    return PEERS[name](trace)
