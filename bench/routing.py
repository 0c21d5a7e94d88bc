"""Measures the routers against their bars on recorded answers: `python -m bench.routing`.

`BENCH_ANSWERS` names the folder of the answers. Prints a table and writes
bench/out/routing.json. Exits with 1 unless every bar holds.
"""

from __future__ import annotations

import sys

from bench import routing_answers
from bench.parts import Part, main_of
from bench.routing_budget import BUDGET, BUDGET_TARGETS, measure_budget
from bench.routing_cascade import CASCADE, measure_cascade
from bench.routing_demo import DEMO, DEMO_TARGETS, measure_demo
from bench.routing_embeddings import EMBEDDINGS, measure_embeddings
from bench.routing_nearest import NEAREST, NEAREST_TARGETS, measure_nearest
from bench.routing_pairs import PAIRS, PAIRS_TARGETS, measure_pairs
from bench.routing_speed import SPEED, SPEED_TARGETS, measure_speed

PARTS = {
    routing_answers.FEW: Part(routing_answers.FEW_TARGETS, routing_answers.measure_few),
    routing_answers.HALF: Part(routing_answers.HALF_TARGETS, routing_answers.measure_half),
    PAIRS: Part(PAIRS_TARGETS, measure_pairs),
    CASCADE: Part((), measure_cascade),
    NEAREST: Part(NEAREST_TARGETS, measure_nearest),
    EMBEDDINGS: Part((), measure_embeddings),
    BUDGET: Part(BUDGET_TARGETS, measure_budget),
    DEMO: Part(DEMO_TARGETS, measure_demo),
    SPEED: Part(SPEED_TARGETS, measure_speed),
}


def main() -> int:
    """Command line of the bench."""
    return main_of(PARTS, about=__doc__ or "", out="routing.json", gateways=1)


if __name__ == "__main__":
    sys.exit(main())
