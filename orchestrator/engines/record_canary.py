"""Record canaries from fresh engines: `python -m orchestrator.engines.record_canary FOLDER...`.

Adapters are recorded on their base: `--base FOLDER ADAPTER...`.

Run it when experts are trained, and commit the `canary.json` it writes beside the weights.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from orchestrator.engines.vllm_settings import prepare_environment
from orchestrator.errors import OrchestratorError


def main(arguments: Sequence[str] | None = None) -> int:
    """Record a canary for every folder named; 1 and a line on stderr for the first that fails."""
    parser = argparse.ArgumentParser(prog="record_canary", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument(
        "--base", type=Path, metavar="FOLDER", help="the folders are adapters on it"
    )
    parser.add_argument("--dtype", default="auto", help="arithmetic type; auto is float32 on CPU")
    options = parser.parse_args(arguments)
    # One process loads one expert after another in seconds; engines of their own take 15 s each.
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    prepare_environment()
    from orchestrator.engines.vllm_recording import record_folder

    for folder in options.folders:
        try:
            base = options.base.resolve() if options.base else None
            canary = asyncio.run(record_folder(folder.resolve(), dtype=options.dtype, base=base))
        except OrchestratorError as exc:
            print(exc.message, file=sys.stderr)  # noqa: T201 - a command's output
            return 1
        print(f"{folder}: tokens {list(canary.token_ids)}")  # noqa: T201 - a command's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
