"""Every phase of schemathesis over the document of a running service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.process import BenchError
from bench.report import Outcome, Target
from bench.service import read_registry, start_service
from bench.setup import Setup

NAME = "schemathesis"
_FAILURES = "schemathesis, all phases: failures and errors"
_REACHED = "schemathesis: operations of the document that were tested"
TARGETS = (
    Target(name=_FAILURES, sense="<=", limit=0),
    Target(name=_REACHED, sense=">=", limit=1),
)
PHASES = ("examples", "coverage", "fuzzing", "stateful")
MAX_EXAMPLES = 100
TIMEOUT_S = 1800.0
_HERE = Path(__file__).parent
_RUN = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What schemathesis says of one document."""

    told: dict[str, Any]
    #: As people read it.
    text: str

    @property
    def num_failures(self) -> int:
        """Failures of checks, and errors of the document."""
        return sum(one["count"] for one in (*self.told["failures"], *self.told["errors"]))

    @property
    def num_cases(self) -> int:
        """Requests that were made up."""
        return int(self.told["test_cases"]["generated"])

    @property
    def reached(self) -> float:
        """Share of the document's operations that were tested."""
        return float(self.told["operations"]["tested"] / self.told["operations"]["total"])

    @property
    def phases(self) -> dict[str, str]:
        """How each phase ended."""
        return {name: phase["status"] for name, phase in self.told["phases"].items()}


def measure(setup: Setup) -> Outcome:
    """Start the service with engines that answer at once, and ask it all that its document has.

    Raises:
        BenchError: the service or schemathesis did not come up.
    """
    registry = write_instant_registry(setup.registry, to=setup.folder / "instant.yaml")
    service = start_service(registry, gateways=setup.gateways, folder=setup.folder)
    try:
        found = probed(service.url, folder=setup.folder)
    finally:
        service.process.stop()
    return outcome_of(found, failures=_FAILURES, reached=_REACHED)


def outcome_of(found: Found, *, failures: str, reached: str) -> Outcome:
    """What a run comes to, its bars under these names."""
    return Outcome(
        values={failures: found.num_failures, reached: found.reached},
        figures={
            "seed": str(found.told["seed"]),
            "version": found.told["schemathesis_version"],
            "cases": found.num_cases,
            "let_pass": found.told["filtered"],
            "operations": found.told["operations"],
            "phases": found.phases,
            "took_s": round(found.told["running_time"], 1),
            "failures": found.told["failures"],
            "errors": found.told["errors"],
            "answers": found.told["valid_rates"],
        },
        rows=[
            ("requests made up", f"{found.num_cases:,}"),
            ("refusals that name a parameter", f"{found.told['filtered']:,}"),
            ("phases", ", ".join(f"{name} {status}" for name, status in found.phases.items())),
        ],
    )


def probed(
    url: str,
    *,
    folder: Path,
    phases: tuple[str, ...] = PHASES,
    max_examples: int = MAX_EXAMPLES,
    more: tuple[str, ...] = (),
) -> Found:
    """Run schemathesis over `url`, whose files go into `folder`.

    Raises:
        BenchError: it did not get as far as a report.
    """
    report = folder / "schemathesis.json"
    argv = [sys.executable, "-c", _RUN, "--config-file", str(_HERE / "schemathesis.toml"), "run"]
    argv += [f"{url}/openapi.json", "--no-color", "--continue-on-failure"]
    argv += ["--phases", ",".join(phases), "--max-examples", str(max_examples), *more]
    argv += ["--report", "json", "--report-json-path", str(report)]
    # Not asked by a proxy, and without what a shell has set for other runs.
    env = {**os.environ, "SCHEMATHESIS_HOOKS": "bench.schema_hooks", "NO_PROXY": "127.0.0.1"}
    env["PYTHONPATH"] = str(_HERE.parent)
    ended = subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=TIMEOUT_S, cwd=folder, env=env
    )
    (folder / "schemathesis.txt").write_text(ended.stdout + ended.stderr)
    if not report.is_file():
        raise BenchError(f"schemathesis ended with {ended.returncode}: {ended.stdout[-800:]}")
    return Found(told=json.loads(report.read_bytes()), text=ended.stdout)


def write_instant_registry(source: Path, *, to: Path) -> Path:
    """Write `source` with the same routers and compositions over engines that answer at once."""
    content = read_registry(source)
    instant = {"kind": "fake"}
    content["experts"] = [{"id": one["id"], "engine": instant} for one in content["experts"]]
    content["experts"] += [
        {"id": "first", "engine": instant},
        {"id": "second", "engine": instant},
        {"id": "painter", "engine": instant, "modalities": ["text", "image"]},
        {"id": "vectors", "engine": {**instant, "task": "embed"}},
    ]
    for router in content.get("routers", {}).values():
        router["artifact"] = str((source.parent / router["artifact"]).resolve())
    to.write_text(json.dumps(content, indent=1))  # which YAML holds as well
    return to
