"""One endpoint over many expert language models.

from orchestrator import Orchestrator

with Orchestrator("experts.yaml") as orchestrator:
    print(orchestrator.chat("What is the capital of France?").text)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.local.orchestrator import Orchestrator

__all__ = ["Orchestrator", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load `Orchestrator` when it is asked for: the SDK is to be imported without its weight.

    Raises:
        MissingExtraError: what it needs is not installed.
    """
    if name != "Orchestrator":
        raise AttributeError(f"module 'orchestrator' has no attribute {name!r}")
    from orchestrator.errors import MissingExtraError

    try:
        return import_module("orchestrator.local.orchestrator").Orchestrator
    except ModuleNotFoundError as exc:
        raise MissingExtraError(
            f"Orchestrator needs {exc.name!r}: pip install 'orchestrator[serve]'"
        ) from exc
