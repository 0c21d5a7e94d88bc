"""Measures the compositions against their bars: `python -m bench.compositions`.

`BENCH_ANSWERS` names the folder of recorded answers. Prints a table and writes
bench/out/compositions.json. Exits with 1 unless every bar holds.
"""

from __future__ import annotations

import sys

from bench.composed_overhead import OVERHEAD, OVERHEAD_TARGETS, measure_overhead
from bench.composed_quality import QUALITY, QUALITY_TARGETS, measure_quality
from bench.composed_recorded import RECORDED, RECORDED_TARGETS, measure_recorded
from bench.composed_swaps import SWAPS, SWAPS_TARGETS, measure_swaps
from bench.parts import Part, main_of

PARTS = {
    RECORDED: Part(RECORDED_TARGETS, measure_recorded),
    QUALITY: Part(QUALITY_TARGETS, measure_quality),
    SWAPS: Part(SWAPS_TARGETS, measure_swaps),
    OVERHEAD: Part(OVERHEAD_TARGETS, measure_overhead),
}


def main() -> int:
    """Command line of the bench."""
    return main_of(PARTS, about=__doc__ or "", out="compositions.json", gateways=1)


if __name__ == "__main__":
    sys.exit(main())
