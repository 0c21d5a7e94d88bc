"""The SDK as a package: small to import, complete to use."""

import subprocess
import sys

import httpx

import orchestrator.client
from orchestrator.client.failures import translated


def test_importing_it_loads_neither_the_service_nor_httpx():
    code = """
import sys
import orchestrator.client
ours = {name.split(".")[1] for name in sys.modules if name.startswith("orchestrator.")}
heavy = [name for name in ("httpx", "ray", "vllm", "torch", "fastapi") if name in sys.modules]
print(sorted(ours), heavy)
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['client', 'errors'] []"


def test_everything_it_promises_is_there():
    assert all(hasattr(orchestrator.client, name) for name in orchestrator.client.__all__)


def test_every_error_of_httpx_is_translated():
    kinds = [
        kind for kind in vars(httpx).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
        and kind not in (httpx.HTTPStatusError, httpx.CookieConflict)  # of calls we do not make
    ]  # fmt: skip

    escaped = [kind.__name__ for kind in kinds if not _is_translated(kind)]

    assert escaped == []


def _is_translated(kind):
    error = (
        kind()
        if issubclass(kind, httpx.StreamError) and kind is not httpx.StreamError
        else kind("x")
    )
    try:
        with translated("http://host"):
            raise error
    except orchestrator.client.ClientError:
        return True
    except kind:
        return False
