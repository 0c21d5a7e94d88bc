"""Words after swaps against words of fresh engines: every sibling pair, adapters and a merge."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

from bench.process import BenchError
from bench.report import Outcome, Target
from bench.service import read_registry
from bench.setup import Setup
from bench.spoken import generators
from orchestrator.registry.models import Expert

NAME = "words"
WORDS = Target(name="words: answers unlike a fresh engine's", sense="<=", limit=0)
SCORES = Target(name="words: largest difference of log-probabilities", sense="<", limit=1e-3)
TARGETS = (WORDS, SCORES)
MERGED = "merged"
_TIMEOUT_S = 900


def measure(setup: Setup) -> Outcome:
    """Compare every expert of the registry that vLLM generates with.

    Raises:
        BenchError: an engine did not start, or no merge was made.
    """
    setup.folder.mkdir(parents=True, exist_ok=True)
    registry = write_with_merge(setup)
    fresh, out = setup.folder / "fresh.json", setup.folder / "pairs.json"
    run_module("bench.fresh", str(registry), str(fresh))
    run_module("bench.pairs", str(registry), str(fresh), str(out))
    figures: dict[str, Any] = orjson.loads(out.read_bytes())
    rows = [
        ("words: swaps, each sibling to each other", f"{figures['num_swaps']:,}"),
        ("words: answers compared", f"{figures['num_answers']:,}"),
    ]
    values = {
        WORDS.name: float(figures["num_different"]),
        SCORES.name: float(figures["worst_logprob_difference"]),
    }
    return Outcome(values=values, figures=figures, rows=rows)


def write_with_merge(setup: Setup) -> Path:
    """A registry of the same experts with absolute folders, and a merge of the first two."""
    experts = generators(setup.registry)
    first, second, *_ = (one for one in experts if not one.is_adapter)
    folder = setup.folder / MERGED
    run_module(
        "orchestrator.cli.main", "merge", first.id, second.id, "--weights", "0.6,0.4",
        "--id", MERGED, "--registry", str(setup.registry), "--out", str(folder),
    )  # fmt: skip
    merged = first.model_copy(update={"id": MERGED, "model": str(folder)})
    content = {
        "experts": [_entry(one) for one in (*experts, merged)],
        "slots": read_registry(setup.registry)["slots"],
    }
    path = setup.folder / "words.yaml"
    path.write_text(json.dumps(content, indent=1))  # which YAML holds as well
    return path


def _entry(expert: Expert) -> dict[str, Any]:
    # What an adapter has of its base was filled in when the registry was read.
    left_out = {"model", "engine"} if expert.is_adapter else set()
    entry = expert.model_dump(mode="json", exclude_defaults=True, exclude=left_out)
    if "engine" in entry:
        entry["engine"]["kind"] = expert.engine.kind
    return entry


def run_module(module: str, *arguments: str) -> None:
    """Run a module in a process of its own; `BenchError` where it fails."""
    command = [sys.executable, "-m", module, *arguments]
    if module == "orchestrator.cli.main":
        code = "import sys; from orchestrator.cli.main import main; sys.exit(main())"
        command = [sys.executable, "-c", code, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    if ended.returncode:
        raise BenchError(f"{module} failed: {ended.stdout[-300:]} {ended.stderr.strip()[-1200:]}")
