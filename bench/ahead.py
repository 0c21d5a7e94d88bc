"""Prefetching on and off through the slot that serves: what a call waits after those before it.

One sibling answers while a call for another waits, whose weights are on the disk. The gap from the
end of the answer to the first token of the other is the swap, and one prefill.
"""

from __future__ import annotations

import asyncio
import os
from itertools import cycle
from time import perf_counter

from bench import big_siblings
from orchestrator.engines.base import Call, Chunk, Sampling, Text
from orchestrator.engines.file_cache import drop, weights_of
from orchestrator.engines.host import Host
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.read_ahead import PageCache
from orchestrator.engines.slot import Slot
from orchestrator.engines.streams import reading
from orchestrator.registry.models import Expert
from orchestrator.residency.limits import LoopLimits

#: Tokens that the first expert answers with: the time there is to bring weights in.
_NUM_TOKENS = 48


async def gaps_s(host: Host, lineage: Lineage, *, rounds: int) -> dict[str, list[float]]:
    """Gaps with prefetching off and on, in turns."""
    slot = Slot("bench", clock=asyncio.get_running_loop(), read_ahead=PageCache())
    slot.seat(lineage.id, host, lineage.experts)
    slot.foresee([lineage])
    others = cycle(lineage.experts)
    found: dict[str, list[float]] = {"off": [], "on": []}
    for _ in range(rounds):
        for how, gaps in found.items():
            slot.bound(LoopLimits(prefetch=how == "on"))
            resident = host.residents[0]
            expert = next(one for one in others if one != resident)
            os.sync()
            drop(weights_of(lineage, expert))
            (_, ended_s), (first_s, _) = await asyncio.gather(
                _asked(slot, resident, _NUM_TOKENS), _asked(slot, expert, 1)
            )
            gaps.append(first_s - ended_s)
    await slot.loop.close()  # the host is the caller's to end
    return found


async def _asked(slot: Slot, expert: Expert, num_tokens: int) -> tuple[float, float]:
    """When the first token came, and the last."""
    call = Call(
        id=expert.id,
        expert=expert.id,
        version=expert.version,
        generation=1,
        prompt=Text(text="The quick brown fox"),
        sampling=Sampling(
            temperature=0, max_tokens=num_tokens, logit_bias={big_siblings.EOS_ID: -100.0}
        ),
        stream=True,
    )
    first_s = last_s = 0.0
    async with reading(slot.generate(call)) as items:
        async for item in items:
            if isinstance(item, Chunk):
                last_s = perf_counter()
                first_s = first_s or last_s
    return first_s, last_s
