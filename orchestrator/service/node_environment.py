"""What a node of a cluster needs before Ray starts on it.

`eval "$(python -m orchestrator.service.node_environment FOLDER)"` writes the wrapper of HAProxy
into FOLDER and sets what `ray start` and all that it starts are to have.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from orchestrator.service.cluster import serve_environment
from orchestrator.service.haproxy import bundled, install


def node_environment(folder: Path, *, host: str = "0.0.0.0") -> dict[str, str]:
    """Write the wrapper of HAProxy into `folder`; returns the variables.

    Args:
        folder: of this node; stays as long as Ray runs.
        host: the address that the endpoint listens on.
    """
    wrapper = install(folder, binary=bundled(), host=host)
    return {**serve_environment(wrapper.absolute()), "RAY_USAGE_STATS_ENABLED": "0"}


def main(arguments: list[str]) -> int:
    """Print the variables for a shell."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write("usage: python -m orchestrator.service.node_environment FOLDER\n")
        return 2
    for name, value in node_environment(Path(arguments[0])).items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
