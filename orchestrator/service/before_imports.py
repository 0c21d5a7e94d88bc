"""What a process of the service does before it imports what runs there: its start costs less.

What is imported stays, and a process imports half a million objects: looking through them again
and again while they came was a fifth of its start. Ray Serve imports pandas where there is one, for
frames that nobody sends here: half a second, and 70 MB of each process.
"""

from __future__ import annotations

import gc
import sys

#: Allocations before young objects are looked through, and rounds before older ones are: a request
#: leaves thousands behind, and nearly none of them in a circle.
_THRESHOLDS = (10_000, 20, 20)

#: Ray has every process call what this names before it imports what runs there. The public way,
#: `worker_process_setup_hook`, makes workers that Ray started ahead useless to a job.
ENVIRONMENT = {
    "__RAY_WORKER_PROCESS_SETUP_HOOK_ENV_VAR": "orchestrator.service.before_imports.begin"
}


def begin() -> None:
    """Collect seldom, and take pandas for not installed unless it was imported before."""
    collect_seldom()
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]


def collect_seldom() -> None:
    """Have this process do so."""
    gc.set_threshold(*_THRESHOLDS)
