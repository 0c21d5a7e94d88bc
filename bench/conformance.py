"""Holds the service against its document and its bars: `python -m bench.conformance`.

Prints a table and writes bench/out/conformance.json. A part that cannot be measured is reported
with the reason, and its bars do not hold. Exits with 1 unless every bar holds.
"""

from __future__ import annotations

import sys

from bench import fuzz, overhead, schema_keyed, schema_phases
from bench.parts import Part, main_of

PARTS = {
    module.NAME: Part(module.TARGETS, module.measure)
    for module in (schema_phases, schema_keyed, fuzz, overhead)
}


def main() -> int:
    """Command line of the bench."""
    return main_of(PARTS, about=__doc__ or "", out="conformance.json", gateways=2)


if __name__ == "__main__":
    sys.exit(main())
