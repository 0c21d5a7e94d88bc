"""A million lines, routed and partitioned by expert on this machine, killed once in the middle.

Lines a second and memory are of the whole job: this command's process, Ray's own and those that
route. Memory is what the machine gives them, a page that several share counted once (PSS); the sum
of what each of them has resident (RSS), which counts such a page for each, stands beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import orjson
import psutil
import pyarrow.parquet as pq

from bench.family import name_of
from bench.machine import load_average
from bench.process import BenchError
from bench.report import Outcome, Target
from bench.setup import Setup

NAME = "bulk"
NUM_LINES = int(os.environ.get("BENCH_BULK_LINES", "1000000"))
_LINES_A_FILE = 250_000
_MEMORY = "bulk: resident memory of routing and partitioning"
_WRONG = "bulk: lines lost or doubled, killed in the middle"
TARGETS = (
    Target(name=_MEMORY, sense="<", limit=2.0, unit="GiB"),
    Target(name=_WRONG, sense="<=", limit=0, unit="lines"),
)
_PERIOD_S = 0.5
#: Of what the command tells: folders of this run.
_WHERE = ("results", "errors")


@dataclass(slots=True)
class Peaks:
    """The most that a job's processes had together, bytes."""

    pss: int = 0
    rss: int = 0
    #: Of each process at the highest RSS, MiB, by what it is.
    processes: list[tuple[int, str]] = field(default_factory=list)

    def see(self, process: psutil.Process) -> None:
        """Look at a process and all below it."""
        pss, seen = 0, []
        for one in _tree(process):
            try:
                memory = one.memory_full_info()
                seen.append((memory.rss, name_of(one)))
                pss += memory.pss
            except psutil.Error:
                continue
        rss = sum(num for num, _ in seen)
        self.pss = max(self.pss, pss)
        if rss > self.rss:
            self.rss = rss
            self.processes = sorted(((num >> 20, name) for num, name in seen), reverse=True)


def measure(setup: Setup, *, num_lines: int = NUM_LINES) -> Outcome:
    """Route the lines, kill the job halfway, let it go on, and count what there is."""
    lines, out = setup.folder / "bulk-in", setup.folder / "bulk-out"
    write_lines(lines, setup.root, num_lines=num_lines)
    done, peaks, loads = out / "_work/done", Peaks(), [load_average()]
    num_blocks = sum(-(-path.stat().st_size // 2**21) for path in lines.iterdir())
    begun_s = time.perf_counter()
    with _job(setup, lines, out, peaks) as job:
        _await(lambda: _count(done) >= num_blocks // 2, job)
        killed_s = time.perf_counter() - begun_s
        num_kept = _count(done)
        job.kill()
    _await_end(job, out)
    again_s = time.perf_counter()
    with _job(setup, lines, out, peaks) as job:
        told = _ended(job)
    resumed_s = time.perf_counter() - again_s
    loads.append(load_average())
    wrong = lost_or_doubled(out / "_work/routed", num_lines=num_lines)
    lines_per_s = num_lines / (killed_s + resumed_s)
    return Outcome(
        values={_MEMORY: peaks.pss / 2**30, _WRONG: wrong},
        figures={
            "num_lines": num_lines, "lines_per_s": lines_per_s, "killed_s": killed_s,
            "resumed_s": resumed_s, "num_blocks": num_blocks, "blocks_kept": num_kept,
            "peak_pss_mib": peaks.pss >> 20, "peak_rss_mib": peaks.rss >> 20,
            "processes_rss_mib": peaks.processes, "told": told, "load_average": loads,
        },
        rows=[
            ("bulk: lines a second, both starts and the kill counted", f"{lines_per_s:,.0f}"),
            ("bulk: the same, shared pages counted for each", f"{peaks.rss / 2**30:.2f} GiB"),
            ("bulk: blocks done when killed, all", f"{num_kept} of {num_blocks}"),
        ],
    )  # fmt: skip


def write_lines(folder: Path, root: Path, *, num_lines: int) -> None:
    """Questions of the demo for `auto`, over and over, each with an id of its own."""
    folder.mkdir(parents=True)
    questions = root / "deploy/demo/questions/heldout.jsonl"
    texts = [orjson.loads(line)["question"] for line in questions.read_bytes().splitlines()]
    bodies = cycle([_body(text) for text in texts])
    for first in range(0, num_lines, _LINES_A_FILE):
        last = min(first + _LINES_A_FILE, num_lines)
        with (folder / f"lines-{first:09d}.jsonl").open("wb") as file:
            for number, body in zip(range(first, last), islice(bodies, last - first), strict=True):
                file.write(b'{"custom_id":"line-%d",%s\n' % (number, body))


def _body(text: str) -> bytes:
    body = {"model": "auto", "messages": [{"role": "user", "content": text}]}
    line = {"method": "POST", "url": "/v1/chat/completions", "body": body}
    return orjson.dumps(line).removeprefix(b"{")


@contextmanager
def _job(setup: Setup, lines: Path, out: Path, peaks: Peaks) -> Iterator[subprocess.Popen[str]]:
    """The command, its memory looked at until it ends."""
    command = ["batch", "run", str(lines), str(out), "--registry", str(setup.registry)]
    job = subprocess.Popen(
        [sys.executable, "-m", "orchestrator.cli.main", *command, "--route-only", "--json"],
        cwd=setup.root, env=os.environ | {"OMP_NUM_THREADS": "1"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    is_over = threading.Event()

    def look() -> None:
        process = psutil.Process(job.pid)
        while not is_over.wait(_PERIOD_S):
            peaks.see(process)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield job
    finally:
        is_over.set()
        looking.join()


def _await(holds: Callable[[], bool], job: subprocess.Popen[str]) -> None:
    while not holds():
        if job.poll() is not None:
            raise BenchError(f"the job ended with {job.returncode} before it could be killed")
        time.sleep(_PERIOD_S)


def _await_end(job: subprocess.Popen[str], out: Path) -> None:
    """What it started ends with it; the next one is not to be measured beside it."""
    job.communicate()
    deadline_s = time.monotonic() + 60
    while left_behind(out) and time.monotonic() < deadline_s:
        time.sleep(_PERIOD_S)


def left_behind(out: Path) -> Sequence[str]:
    """Processes of a job's own Ray that still run, by their command lines."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or ())
        if f"{out}/_work/spilled" in words:
            found.append(words)
    return found


def _ended(job: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = job.communicate()
    if job.returncode:
        raise BenchError(f"the job ended with {job.returncode}")
    told = dict(json.loads(out))
    return {name: told[name] for name in told if name not in _WHERE}


def lost_or_doubled(routed: Path, *, num_lines: int) -> int:
    """Ids that are not in exactly one row of one expert."""
    seen = bytearray(num_lines)
    for path in routed.glob("*.parquet"):
        table = pq.read_table(path, columns=["custom_id", "code"])
        for name, code in zip(*(column.to_pylist() for column in table.columns), strict=True):
            if code is None:
                number = int(name.removeprefix("line-"))
                seen[number] = min(seen[number] + 1, 255)
    return sum(count != 1 for count in seen)


def _count(folder: Path) -> int:
    return len(list(folder.glob("*.json")))


def _tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []
