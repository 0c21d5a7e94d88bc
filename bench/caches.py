"""Measures what is told again against its bars: `python -m bench.caches`.

Answers and vectors with the cache on and off, over a real Redis, on a trace with repeats and on one
without; answers to like questions by threshold; what a cache of routes could save. Prints a table
and writes bench/out/caches.json. Exits with 1 unless every bar holds.
"""

from __future__ import annotations

import sys

from bench import cached_answers, cached_routes, like_questions
from bench.parts import Part, main_of

PARTS = {
    module.NAME: Part(module.TARGETS, module.measure)
    for module in (cached_answers, like_questions, cached_routes)
}


def main() -> int:
    """Command line of the bench."""
    return main_of(PARTS, about=__doc__ or "", out="caches.json", gateways=1)


if __name__ == "__main__":
    sys.exit(main())
