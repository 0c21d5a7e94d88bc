"""Canaries of merges, from a fresh engine in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from orchestrator.errors import MergeError

_COMMAND = ("-m", "orchestrator.engines.record_canary")


def record_canary(folder: Path, *, dtype: str, base: Path | None = None) -> None:
    """Record the canary of a model's folder, or of an adapter's on the folder of its base.

    In a process of its own, since an engine leaves much behind in the one that starts it.

    Raises:
        MergeError: the engine does not start or speak.
    """
    command = [sys.executable, *_COMMAND, str(folder), "--dtype", dtype]
    if base is not None:
        command += ["--base", str(base)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise MergeError(
            f"no canary could be recorded, and nothing was written: {said[-1]}; --no-canary "
            "leaves it out"
        )
