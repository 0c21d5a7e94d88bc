"""LiteLLM's proxy in a venv of its own, in front of the echo upstream.

It gets its best form: uvloop, no keys, no database, no callbacks, logging of errors only. It is
kept from every look-up beyond this machine, so it runs on a closed network as it does here.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.process import BenchError, Running, answers, free_port, start

ROOT = Path(__file__).parents[1]
VENV = ROOT / ".venv-litellm"
LOCK = Path(__file__).with_name("litellm.lock")
START_TIMEOUT_S = 120.0
MODEL = "echo"

_ENV = {
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
    "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
    "LITELLM_TELEMETRY_DISABLED": "true",
    "DISABLE_ADMIN_UI": "True",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_AUTOROUTER_PRESETS": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_LOCAL_POLICY_TEMPLATES": "True",
    "NO_PROXY": "127.0.0.1",
}
_CONFIG = """\
model_list:
  - model_name: {model}
    litellm_params:
      model: openai/{model}
      api_base: {upstream}/v1
      api_key: none
litellm_settings:
  num_retries: 0
  set_verbose: false
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A running proxy."""

    url: str
    process: Running


def install() -> None:
    """Make the venv from the lock file; does nothing when it already holds this lock.

    Raises:
        BenchError: pip failed; the message holds the end of what it said.
    """
    stamp = VENV / "installed.lock"
    if stamp.exists() and stamp.read_bytes() == LOCK.read_bytes():
        return
    _run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    pip = [str(VENV / "bin" / "pip"), "install", "--quiet", "--no-deps", "--require-hashes"]
    _run([*pip, "-r", str(LOCK)])
    stamp.write_bytes(LOCK.read_bytes())


def _run(argv: list[str]) -> None:
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=900)
    if ended.returncode:
        raise BenchError(f"{argv[0]} failed with {ended.returncode}: {ended.stderr[-500:]}")


def version() -> str:
    """The installed release of LiteLLM."""
    found = sorted(VENV.glob("lib/python*/site-packages/litellm-*.dist-info"))
    return found[0].name.removeprefix("litellm-").removesuffix(".dist-info") if found else "none"


def start_proxy(upstream: str, *, num_workers: int, folder: Path) -> Proxy:
    """Start the proxy before `upstream` and wait until it answers.

    Raises:
        BenchError: it did not come up.
    """
    config, port = folder / "litellm.yaml", free_port()
    config.write_text(_CONFIG.format(model=MODEL, upstream=upstream))
    argv = [str(VENV / "bin" / "litellm"), "--config", str(config), "--host", "127.0.0.1"]
    argv += ["--port", str(port), "--num_workers", str(num_workers)]
    url = f"http://127.0.0.1:{port}"
    process = start(argv, log=folder / "litellm.log", env=_ENV)
    try:
        process.wait_until(lambda: answers(f"{url}/health/liveliness"), timeout_s=START_TIMEOUT_S)
    except BenchError:
        process.stop()
        raise
    return Proxy(url=url, process=process)
