"""Measures the service against its bars in one go: `python -m bench.gateway`.

Prints a table and writes bench/out/gateway.json. A part that cannot be measured is reported with
the reason, and its bars do not hold. Exits with 1 unless every bar holds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from bench import against_litellm, against_vllm, lifecycle, routing
from bench.machine import load_average, machine, versions
from bench.report import Outcome, Report, Target
from bench.setup import Setup

ROOT = Path(__file__).parents[1]
OUT = ROOT / "bench" / "out" / "gateway.json"


class Part(NamedTuple):
    """One comparison, and the bars it decides."""

    targets: Sequence[Target]
    measure: Callable[[Setup], Outcome]


PARTS = {
    module.NAME: Part(module.TARGETS, module.measure)
    for module in (routing, against_litellm, against_vllm, lifecycle)
}


def run(setup: Setup, names: Sequence[str], *, console: Console) -> Report:
    """Measure the parts of these names, one after another."""
    report = Report(machine=machine(), versions=versions())
    for name in names:
        part = PARTS[name]
        console.print(f"measuring {name}; load average {load_average()}", markup=False)
        try:
            outcome = part.measure(setup)
        except Exception as exc:  # noqa: BLE001 - the outermost edge: other parts go on
            report.miss(name, part.targets, f"{type(exc).__name__}: {exc}")
        else:
            report.add(name, part.targets, outcome)
    return report


def parsed(args: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--registry", type=Path, default=ROOT / "experts.yaml")
    parser.add_argument("--gateways", type=int, default=1, help="and workers of LiteLLM's proxy")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each side")
    parser.add_argument("--run-s", type=float, default=4.0, help="longest run, seconds")
    parser.add_argument("--logs", type=Path, help="folder that keeps logs; default none")
    parser.add_argument("--out", type=Path, default=OUT)
    found = parser.parse_args(args)
    unknown = sorted(set(found.only.split(",")) - set(PARTS))
    if unknown:
        parser.error(f"unknown parts {unknown}; known: {sorted(PARTS)}")
    return found


def main() -> int:
    """Command line of the bench."""
    options, console = parsed(sys.argv[1:]), Console()
    with ExitStack() as stack:
        folder = options.logs or stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        setup = Setup(
            root=ROOT,
            folder=Path(folder),
            registry=options.registry.resolve(),
            gateways=options.gateways,
            rounds=options.rounds,
            run_s=options.run_s,
        )
        report = run(setup, options.only.split(","), console=console)
    report.write(options.out)
    report.show(console)
    console.print(f"written to {options.out}", markup=False)
    return 0 if all(bar.holds for bar in report.bars) else 1


if __name__ == "__main__":
    sys.exit(main())
