"""Measures batches against their bars: `python -m bench.batch`.

Prints a table and writes bench/out/batch.json. Exits with 1 unless every bar holds.
"""

from __future__ import annotations

import sys

from bench import batch_bulk, batch_kills, batch_online, batch_planned, batch_staged
from bench.parts import Part, main_of

PARTS = {
    part.NAME: Part(part.TARGETS, part.measure)
    for part in (batch_planned, batch_staged, batch_online, batch_kills, batch_bulk)
}


def main() -> int:
    """Command line of the bench."""
    return main_of(PARTS, about=__doc__ or "", out="batch.json", gateways=2)


if __name__ == "__main__":
    sys.exit(main())
