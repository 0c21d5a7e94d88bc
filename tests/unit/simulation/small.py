"""A machine whose times are whole numbers, and traces written as words."""

from math import inf

from orchestrator.costs.prior import Bandwidths
from orchestrator.simulation.batching import Pace
from orchestrator.simulation.machine import Machine
from orchestrator.simulation.outcome import Fate
from orchestrator.simulation.run import Contender, Setting, Simulation
from orchestrator.simulation.trace import Request, Trace

#: A swap takes 2 s, a token 1 s whatever runs beside it on its engine.
PACE = Pace(step_s=1.0, step_s_per_answer=0.0, prompt_tokens_per_step=inf)
MACHINE = Machine(
    weights_gib=2.0,
    cache_gib=0.0,
    device_gib=8.0,
    capacity=8,
    pace=PACE,
    bandwidths=Bandwidths(read_gib_per_s=1.0, swap_s=0.0),
)
ONE_SLOT = Setting(machine=MACHINE)


def asked(*calls: tuple[str, float], tokens: int = 3) -> Trace:
    """A trace of calls: expert and arrival."""
    requests = [
        Request(id=place, expert=expert, arrives_s=at_s, prompt_tokens=1, output_tokens=tokens)
        for place, (expert, at_s) in enumerate(calls)
    ]
    return Trace(name="asked", requests=requests)


def played(
    trace: Trace, contender: Contender, setting: Setting = ONE_SLOT
) -> tuple[Simulation, list[Fate]]:
    """A simulation that ended, and the fate of each request in order."""
    simulation = Simulation(trace, contender, setting)
    simulation.run()
    return simulation, [simulation.fates[request.id] for request in trace.requests]


def begins(fates: list[Fate]) -> list[float | None]:
    return [fate.began_s for fate in fates]
