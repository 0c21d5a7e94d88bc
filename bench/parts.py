"""A bench of several parts: each measured on its own, one that fails does not stop the others."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from bench.machine import load_average, machine, versions
from bench.report import Outcome, Report, Target
from bench.setup import Setup

ROOT = Path(__file__).parents[1]


class Part(NamedTuple):
    """One comparison, and the bars it decides."""

    targets: Sequence[Target]
    measure: Callable[[Setup], Outcome]


def run(
    parts: Mapping[str, Part], setup: Setup, names: Sequence[str], *, console: Console
) -> Report:
    """Measure the parts of these names, one after another."""
    report = Report(machine=machine(), versions=versions())
    for name in names:
        part = parts[name]
        console.print(f"measuring {name}; load average {load_average()}", markup=False)
        try:
            outcome = part.measure(setup)
        except Exception as exc:  # noqa: BLE001 - the outermost edge: other parts go on
            report.miss(name, part.targets, f"{type(exc).__name__}: {exc}")
        else:
            report.add(name, part.targets, outcome)
    return report


def parsed(
    args: Sequence[str], parts: Mapping[str, Part], *, about: str, out: Path, gateways: int
) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--only", default=",".join(parts), help="parts, separated by commas")
    parser.add_argument("--keep", action="store_true", help="keep what --out has of other parts")
    parser.add_argument("--registry", type=Path, default=ROOT / "experts.yaml")
    parser.add_argument("--gateways", type=int, default=gateways, help="replicas of the gateway")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each side")
    parser.add_argument("--run-s", type=float, default=4.0, help="longest run, seconds")
    parser.add_argument("--logs", type=Path, help="folder that keeps logs; default none")
    parser.add_argument("--out", type=Path, default=out)
    found = parser.parse_args(args)
    unknown = sorted(set(found.only.split(",")) - set(parts))
    if unknown:
        parser.error(f"unknown parts {unknown}; known: {sorted(parts)}")
    return found


def main_of(parts: Mapping[str, Part], *, about: str, out: str, gateways: int) -> int:
    """Command line of a bench: measure, write the JSON, show the table; 0 when every bar holds."""
    path = ROOT / "bench" / "out" / out
    options = parsed(sys.argv[1:], parts, about=about, out=path, gateways=gateways)
    console, names = Console(), options.only.split(",")
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
        report = run(parts, setup, names, console=console)
    if options.keep and options.out.is_file():
        others = {name: part.targets for name, part in parts.items() if name not in names}
        report.keep(json.loads(options.out.read_bytes()), others)
        order = [target.name for part in parts.values() for target in part.targets]
        report.bars.sort(key=lambda bar: order.index(bar.name))
    report.write(options.out)
    report.show(console)
    console.print(f"written to {options.out}", markup=False)
    return 0 if all(bar.holds for bar in report.bars) else 1
