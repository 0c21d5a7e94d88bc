"""Measures the service under load and faults: `python -m bench.soak`.

Prints a table and writes bench/out/soak.json. A part that cannot be measured is reported with the
reason, and its bars do not hold. Exits with 1 unless every bar holds.
"""

from __future__ import annotations

import sys

from bench import budget, soaking
from bench.parts import Part, main_of

PARTS = {module.NAME: Part(module.TARGETS, module.measure) for module in (soaking, budget)}


def main() -> int:
    """Command line of the bench."""
    return main_of(PARTS, about=__doc__ or "", out="soak.json", gateways=2)


if __name__ == "__main__":
    sys.exit(main())
