"""What is kept of large blocks, seen in a process of its own."""

import subprocess
import sys

import pytest

from orchestrator.service.allocations import LARGE_BYTES

#: Large blocks are freed once, which has glibc keep the next ones; MiB held after those.
PROGRAM = f"""
import sys
from pathlib import Path
from orchestrator.service.allocations import return_large_blocks
assert sys.argv[1] == "kept" or return_large_blocks()

def held():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20

def used():
    block = bytearray(b"x") * {16 * LARGE_BYTES}
    del block

used()
before = held()
blocks = [bytearray(b"x") * {16 * LARGE_BYTES} for _ in range(4)]
pins = [bytearray(b"x") * 70_000 for _ in range(8)]
del blocks
print(held() - before)
"""


def mib_held_after(mode: str) -> float:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode], capture_output=True, text=True, check=True
    )
    return float(ran.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_large_blocks_that_are_freed_leave_the_process():
    assert mib_held_after("kept") > 32
    assert mib_held_after("returned") < 4
