"""What the same expert takes to swap in fewer bits, on real vLLM on this machine.

Each form is a lineage of its own (tensors of other types), so an engine each. A CPU computes in
float32 whatever the files hold: fewer bytes are read, and what is read is converted. There is no
bar: variants are chosen for room, never for speed, so that nothing depends on a gain.
"""

from __future__ import annotations

import asyncio
import os
from statistics import median
from typing import Any, get_args

from bench import big_siblings
from bench.loading import LIKE, Timed, swaps
from bench.report import Outcome, Target
from bench.setup import Setup
from orchestrator.engines.vllm import start_vllm
from orchestrator.errors import EngineError

NAME = "precision"
TARGETS: tuple[Target, ...] = ()
_FORMS: tuple[big_siblings.Form, ...] = get_args(big_siblings.Form)


def measure(setup: Setup) -> Outcome:
    """Swap between two siblings of each form."""
    os.environ["ORCHESTRATOR_MODELS_DIR"] = str(setup.folder / "models")
    found = {form: asyncio.run(_of(form, setup)) for form in _FORMS}
    timed = {form: one for form, one in found.items() if isinstance(one, Timed)}
    ratios = {
        place: timed["float16"].p50_s(place) / timed["float32"].p50_s(place)
        for place in ("disk", "page cache")
        if {"float16", "float32"} <= timed.keys()
    }
    return Outcome(
        values={},
        figures={
            "float16_over_float32": ratios,
            "forms": {form: _figures(one) for form, one in found.items()},
        },
        rows=[
            *((f"precision: {form}, swap p50, s", _told(one)) for form, one in found.items()),
            *((f"precision: {it}, float16 over float32", f"{by:.2f}") for it, by in ratios.items()),
        ],
    )


async def _of(form: big_siblings.Form, setup: Setup) -> Timed | str:
    """Swaps of one form, or why there are none."""
    lineage = big_siblings.make(
        setup.folder / form, setup.root / LIKE, [f"{form}-one", f"{form}-two"], form=form
    )
    os.sync()
    try:
        host = await start_vllm(lineage)
        try:
            for expert in (*lineage.experts[1:], lineage.experts[0]):
                await host.become(expert)  # the first time records what later ones are held to
            return await swaps(host, lineage, rounds=setup.rounds)
        finally:
            await host.close()
    except EngineError as exc:
        return exc.message


def _figures(found: Timed | str) -> dict[str, Any]:
    if isinstance(found, str):
        return {"does not run": found}
    return {"swap_s": {place: [round(s, 3) for s in took] for place, took in found.swap_s.items()}}


def _told(found: Timed | str) -> str:
    if isinstance(found, str):
        return "does not run here"
    return ", ".join(f"{place} {median(took):.3f}" for place, took in found.swap_s.items())
