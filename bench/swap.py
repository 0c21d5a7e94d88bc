"""Measures swaps and the residency policy on real vLLM: `python -m bench.swap`.

Prints a table and writes bench/out/swap.json. Exits with 1 unless every bar holds.
"""

from __future__ import annotations

import sys

from bench import swaps, turns
from bench.parts import Part, main_of

PARTS = {module.NAME: Part(module.TARGETS, module.measure) for module in (swaps, turns)}


def main() -> int:
    """Command line of the bench."""
    return main_of(PARTS, about=__doc__ or "", out="swap.json", gateways=1)


if __name__ == "__main__":
    sys.exit(main())
