"""A hundred random kills while 5,000 lines are answered: none lost, none twice, and on within 10 s.

The service is real, Serve, HAProxy, Redis and the files; its engines are scripted ones, which come
back in the time that a process takes, so that a hundred kills end within an hour. It is the one
that the tests use.
"""

from __future__ import annotations

import time
from collections import Counter
from random import Random

import openai
from openai.types import Batch

from bench.report import Outcome, Target
from bench.setup import Setup
from tests.e2e.batch_site import ENDED, BatchSite, ids, lines

NAME = "kills"
_LOST = "kills: lines lost"
_TWICE = "kills: lines answered twice"
_FAILED = "kills: lines that failed"
_BACK = "kills: runner's restart to progress, longest"
TARGETS = (
    Target(name=_LOST, sense="<=", limit=0),
    Target(name=_TWICE, sense="<=", limit=0),
    Target(name=_FAILED, sense="<=", limit=0),
    Target(name=_BACK, sense="<", limit=10, unit="s"),
)
NUM_LINES, NUM_KILLS = 5000, 100
#: What is killed, by a part of its command line.
_VICTIMS = {
    "runner": ":batches",
    "worker": ":slot-",
    "gateway": ":gateway",
    "conductor": ":conductor",
    "redis": "redis-server",
}
#: Between two kills, seconds.
_PAUSE_S = (1.0, 5.0)
_POLL_S = 0.1
#: A batch that makes no progress for so long is given up.
_STUCK_S = 120.0


def measure(setup: Setup) -> Outcome:
    """Kill until there were so many, in as many batches as that takes."""
    return _measure(setup, num_lines=NUM_LINES, num_kills=NUM_KILLS)


def _measure(setup: Setup, *, num_lines: int, num_kills: int) -> Outcome:
    folder = setup.folder / "kills"
    folder.mkdir(parents=True, exist_ok=True)
    site = BatchSite(folder)
    storm = _Storm(site, num_kills)
    outcomes = []
    try:
        while storm.num_left:
            batch = site.submit(lines(num_lines, text="slowly"))
            outcomes.append(_outcome(site, storm.through(batch), num_lines))
    finally:
        site.close()
    whole = Counter[str]()
    for outcome in outcomes:
        whole.update(outcome)
    return Outcome(
        values={
            _LOST: whole["lost"],
            _TWICE: whole["twice"],
            _FAILED: whole["failed"],
            _BACK: max(storm.back_s, default=0.0),
        },
        figures={
            "lines": num_lines,
            "batches": len(outcomes),
            "kills": dict(storm.kills),
            "back_s": [round(one, 2) for one in storm.back_s],
        },
        rows=[("kills", ", ".join(f"{n} {name}" for name, n in sorted(storm.kills.items())))],
    )


class _Storm:
    """Kills at random, and times how soon a batch goes on."""

    def __init__(self, site: BatchSite, num_kills: int) -> None:
        self._site = site
        self._draw = Random(5)
        self.num_left = num_kills
        self.kills: Counter[str] = Counter()
        #: After each kill of the runner: seconds until another line was done.
        self.back_s: list[float] = []

    def through(self, batch: Batch) -> Batch:
        """The batch at its end, with kills until then or until there were enough."""
        while True:
            batch = self._retrieved(batch.id)
            if batch.status in ENDED:
                return batch
            if batch.status == "in_progress" and self.num_left:
                self._kill(batch)
            time.sleep(self._draw.uniform(*_PAUSE_S) if self.num_left else _POLL_S)

    def _kill(self, batch: Batch) -> None:
        name = self._draw.choice(sorted(_VICTIMS))
        before, killed_s = batch.request_counts.completed, time.monotonic()
        self._site.kill(_VICTIMS[name])
        self.kills[name] += 1
        self.num_left -= 1
        if name != "runner":
            return
        while True:
            now = self._retrieved(batch.id)
            if now.request_counts.completed > before or now.status in ENDED:
                break
            if time.monotonic() - killed_s > _STUCK_S:
                break
            time.sleep(_POLL_S)
        self.back_s.append(time.monotonic() - killed_s)

    def _retrieved(self, batch_id: str) -> Batch:
        """The batch, once anybody says how it is."""
        deadline_s = time.monotonic() + _STUCK_S
        while True:
            try:
                return self._site.client.batches.retrieve(batch_id)
            except openai.APIError:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(_POLL_S)


def _outcome(site: BatchSite, batch: Batch, num_lines: int) -> dict[str, int]:
    done, failed = site.outcomes(batch)
    counts = Counter([*done, *failed])
    return {
        "lost": len(set(ids(num_lines)) - set(counts)),
        "twice": sum(count > 1 for count in counts.values()),
        "failed": len(failed),
    }
