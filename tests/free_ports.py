"""Free ports of this run of tests: below those of outgoing connections, and no other run's.

Runs side by side (`pytest -n 2`) have a range each: a port that was free a moment ago is bound
seconds later, when its program is up.
"""

import os

from orchestrator.service import ports

#: Of each range the last is nobody's: what a choice of private ports is asked for with.
_FIRST, _EACH, _MOST = 20_000, 1_500, 8


def keep_apart(runs: str | None) -> None:
    """Have everything that this run starts take ports of its own range.

    Args:
        runs: how pytest-xdist calls this one of its runs, `gw0`; `None` where it is alone.
    """
    if runs is not None:
        first = _FIRST + int(runs.removeprefix("gw")) % _MOST * _EACH
        os.environ[ports.VARIABLE] = f"{first}-{first + _EACH - 2}"


def free_port() -> int:
    """One that nothing listened on a moment ago."""
    among = ports.span(os.environ.get(ports.VARIABLE, ports.PRIVATE))
    return ports.choose(ports.LOOPBACK, among.stop).dashboard
