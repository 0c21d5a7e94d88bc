"""The scripted upstream as a process of its own.

`python -m tests.faults.program --port 9900 --rate 0.1 --fault cut:2 --fault stall --seed 7`
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.faults.scripts import Scripts
from tests.faults.upstream import upstream

ROOT = Path(__file__).parents[2]


@contextmanager
def started(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run it with these options; its root, once it listens, and its process."""
    command = [sys.executable, "-m", "tests.faults.program", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


async def serve(scripts: Scripts, *, port: int) -> None:
    """Serve until the process is ended; the root is its first line."""
    async with upstream(scripts, port=port) as root:
        sys.stdout.write(root + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main(arguments: Sequence[str]) -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fault", action="append", default=[])
    given = parser.parse_args(arguments)
    scripts = Scripts()
    scripts.tell(faults=given.fault, then=(), rate=given.rate, seed=given.seed)
    asyncio.run(serve(scripts, port=given.port))


if __name__ == "__main__":
    main(sys.argv[1:])
