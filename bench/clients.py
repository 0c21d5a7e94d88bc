"""`make bench-clients`: the surfaces that people touch, held to their bars.

The SDK's start and what it adds to a request, the command line's start, and the console in a
browser: first paint, weight, how soon it shows a change, who can use it.
"""

from __future__ import annotations

import sys

from bench import console, sdk
from bench.parts import Part, main_of

PARTS = {module.NAME: Part(module.TARGETS, module.measure) for module in (sdk, console)}


def main() -> int:
    """Command line of the bench."""
    return main_of(PARTS, about=__doc__ or "", out="clients.json", gateways=1)


if __name__ == "__main__":
    sys.exit(main())
