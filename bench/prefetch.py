"""Measures what is known and done ahead of a step: `python -m bench.prefetch`.

Prefetching, bandwidths that were measured, and fewer bits, each on and off in one run. Prints a
table and writes bench/out/prefetch.json. Exits with 1 unless every bar holds.
"""

from __future__ import annotations

import sys

from bench import loading, precision, simulated_files
from bench.parts import Part, main_of

PARTS = {
    loading.NAME: Part(loading.TARGETS, loading.measure),
    precision.NAME: Part(precision.TARGETS, precision.measure),
    simulated_files.NAME: Part(simulated_files.TARGETS, simulated_files.measure),
}


def main() -> int:
    """Command line of the bench."""
    return main_of(PARTS, about=__doc__ or "", out="prefetch.json", gateways=1)


if __name__ == "__main__":
    sys.exit(main())
