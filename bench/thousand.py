"""A registry of a thousand experts on folders of real weights: its check, and one changed line.

In a process of its own each time, as a command would be; a reload follows in the same process, as
in a running service.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from bench.process import BenchError
from bench.report import Outcome, Target
from bench.setup import Setup
from orchestrator.registry.document import read
from orchestrator.registry.edit import Edit, checker
from orchestrator.registry.generation_store import StoredGenerations
from orchestrator.registry.generations import GenerationRecord
from orchestrator.registry.rollout import Rollout
from orchestrator.store.memory import MemoryStore

NAME = "thousand"
NUM_EXPERTS = 1000
CHECK = Target(name="1,000 experts: check", sense="<", limit=2, unit="s")
RELOAD = Target(name="1,000 experts: reload of one that changed", sense="<", limit=1, unit="s")
TARGETS = (CHECK, RELOAD)

_ENTRY = """\
  - id: e{n}
    model: models/m{n}
    engine: {{kind: vllm, kv_cache_gib: 0.125}}
    description: A little of everything; answers where no expert is sure.
    skills: [general, s{n}]
    tags: [demo]
    license: Apache-2.0
    parameters: 1012992
    defaults: {{temperature: 0, max_tokens: 64}}
"""


class Ready:
    """Participants that serve whatever is proposed: what is left is the registry's own work."""

    async def prepare(self, proposed: GenerationRecord) -> None:
        """Be ready."""

    async def flipped(self, live: GenerationRecord) -> None:
        """Take note."""

    def waiting_for(self) -> dict[str, str]:
        """Nobody."""
        return {}


def measure(setup: Setup) -> Outcome:
    """Check and reload `setup.rounds` times.

    Raises:
        BenchError: the registry is not sound.
    """
    path = write_thousand(setup.root / "deploy/demo/experts", setup.folder / "thousand")
    runs = [_run(path) for _ in range(setup.rounds)]
    check_s, reload_s = (median(run[key] for run in runs) for key in ("check_s", "reload_s"))
    rows = [("1,000 experts: parse alone, s", f"{median(run['read_s'] for run in runs):.3f}")]
    return Outcome(
        values={CHECK.name: check_s, RELOAD.name: reload_s},
        figures={"runs": runs, "num_experts": NUM_EXPERTS, "num_bytes": path.stat().st_size},
        rows=rows,
    )


def write_thousand(weights: Path, folder: Path) -> Path:
    """A registry of a thousand experts, each in a folder of its own that links to real weights."""
    sources = sorted(path.parent for path in weights.glob("*/config.json"))
    if not sources:
        raise BenchError(f"there are no weights in {weights}")
    for number in range(NUM_EXPERTS):
        model = folder / "models" / f"m{number}"
        model.mkdir(parents=True, exist_ok=True)
        for file in sources[number % len(sources)].iterdir():
            if not (model / file.name).exists():
                (model / file.name).symlink_to(file.resolve())
    path = folder / "experts.yaml"
    entries = "".join(_ENTRY.format(n=number) for number in range(NUM_EXPERTS))
    path.write_text(f"version: 1\nexperts:\n{entries}slots:\n  - {{name: local, memory_gib: 4}}\n")
    return path


def _run(path: Path) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-m", "bench.thousand", str(path)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if ended.returncode:
        raise BenchError(f"the check failed: {ended.stderr.strip()[-800:]}")
    return dict(orjson.loads(ended.stdout))


async def timed(path: Path, content: bytes) -> dict[str, float]:
    """Seconds of reading, checking and reloading, in this process."""
    began_s = time.perf_counter()
    read(path)
    read_s = time.perf_counter() - began_s
    rollout = Rollout(StoredGenerations(MemoryStore()), Ready(), check=checker())
    before = _edit(path, content)
    began_s = time.perf_counter()
    await rollout.examine(before)
    check_s = time.perf_counter() - began_s
    await rollout.apply(before)
    changed = content.replace(b"skills: [general, s500]", b"skills: [general, new]", 1)
    began_s = time.perf_counter()
    live = await rollout.apply(_edit(path, changed))
    reload_s = time.perf_counter() - began_s
    assert live.number == 2, "one expert changed"
    return {
        "read_s": round(read_s, 4),
        "check_s": round(check_s, 4),
        "reload_s": round(reload_s, 4),
    }


def _edit(path: Path, content: bytes) -> Edit:
    return Edit(content=content, name=str(path), folder=str(path.parent), source="file")


if __name__ == "__main__":
    _path = Path(sys.argv[1])
    print(orjson.dumps(asyncio.run(timed(_path, _path.read_bytes()))).decode())
