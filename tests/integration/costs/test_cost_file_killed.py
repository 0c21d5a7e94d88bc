"""A worker that is killed while it writes its costs, by the kernel and not by a double."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.costs.cost_file import CostFile

WRITER = """
import sys
from itertools import count
from pathlib import Path
from orchestrator.costs.cost_file import CostFile
from orchestrator.costs.note import CostNote

file = CostFile(Path(sys.argv[1]), "local", hardware="Nova")
for number in count(1):
    notes = [
        CostNote(of="swap", expert=f"e{one}", mean_s=number, deviation_s=0, num_seen=number)
        for one in range(200)
    ]
    file.write(None, notes)
    print(number, flush=True)
"""


@pytest.mark.integration
@pytest.mark.parametrize("num_written", [1, 2, 7])
def test_what_was_written_before_a_kill_is_whole(tmp_path: Path, num_written: int):
    argv = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(num_written)]
        deadline_s = time.monotonic() + 0.002 * num_written
        while time.monotonic() < deadline_s:
            pass  # into the next writing, at another place each time
        writer.kill()

    notes = CostFile(tmp_path, "local", hardware="Nova").read().notes

    assert len(notes) == 200
    assert len({note.num_seen for note in notes}) == 1
    assert notes[0].num_seen >= told[-1]
