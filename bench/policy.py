"""Measures the residency policy against its bars in simulated time: `python -m bench.policy`.

Prints a table and writes bench/out/policy.json. Exits with 1 unless every bar holds.
"""

from __future__ import annotations

import sys

from bench import beside_simulated, policy_decisions, policy_engines, policy_grid
from bench.parts import Part, main_of

PARTS = {
    module.NAME: Part(module.TARGETS, module.measure)
    for module in (policy_decisions, policy_engines, policy_grid, beside_simulated)
}


def main() -> int:
    """Command line of the bench."""
    return main_of(PARTS, about=__doc__ or "", out="policy.json", gateways=1)


if __name__ == "__main__":
    sys.exit(main())
