"""How often Python looks for objects that hold each other: seldom, from a process's first import.

What is imported stays, and a process of the service imports half a million objects: looking
through them again and again while they came was a fifth of its start.
"""

from __future__ import annotations

import gc

#: Allocations before young objects are looked through, and rounds before older ones are: a request
#: leaves thousands behind, and nearly none of them in a circle.
_THRESHOLDS = (10_000, 20, 20)

#: Ray has every process call what this names before it imports what runs there. The public way,
#: `worker_process_setup_hook`, makes workers that Ray started ahead useless to a job.
ENVIRONMENT = {
    "__RAY_WORKER_PROCESS_SETUP_HOOK_ENV_VAR": "orchestrator.service.collecting.collect_seldom"
}


def collect_seldom() -> None:
    """Have this process do so."""
    gc.set_threshold(*_THRESHOLDS)
