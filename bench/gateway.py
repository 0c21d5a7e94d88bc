"""Measures the service against its bars in one go: `python -m bench.gateway`.

Prints a table and writes bench/out/gateway.json. A part that cannot be measured is reported with
the reason, and its bars do not hold. Exits with 1 unless every bar holds.
"""

from __future__ import annotations

import sys

from bench import against_litellm, against_vllm, deciding, lifecycle
from bench.parts import Part, main_of

PARTS = {
    module.NAME: Part(module.TARGETS, module.measure)
    for module in (deciding, against_litellm, against_vllm, lifecycle)
}


def main() -> int:
    """Command line of the bench."""
    return main_of(PARTS, about=__doc__ or "", out="gateway.json", gateways=1)


if __name__ == "__main__":
    sys.exit(main())
