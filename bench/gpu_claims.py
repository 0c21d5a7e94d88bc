"""What `engines/rungs.py` and `engines/fake_vllm.py` say of vLLM on an accelerator, as claims."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from statistics import median
from typing import Any, Literal

from bench.gpu_stage import BrokenError, Stage, require
from orchestrator.engines.rungs import SLEEPS
from orchestrator.errors import NotHostedError, OutOfMemoryError

Figures = Mapping[str, Any]
Claim = Callable[[Stage], Awaitable[Figures]]
_Asleep = Literal["asleep", "weightless"]

_NUM_SWAPS = 20
#: A request that vLLM keeps waiting has no answer after this, seconds.
_PATIENCE_S = 2.0
_GIB = 2**30


async def sleeps(stage: Stage) -> Figures:
    """An engine starts in the mode that can sleep, and says so."""
    before = stage.device.used_bytes()
    host = await stage.fresh_host(stage.names[0])
    require(host.rungs == SLEEPS, f"its rungs are {host.rungs}")
    return {"start_s": stage.starts_s[-1], "device_gib": _gib(stage.device.used_bytes() - before)}


async def swaps(stage: Stage) -> Figures:
    """Siblings are swapped in place, each speaking as from a fresh engine."""
    host = await stage.host(stage.names[0])
    took_s, num_starts = [], stage.num_starts
    for number in range(_NUM_SWAPS):
        name = stage.names[(number + 1) % 2]
        begun_s = time.monotonic()
        await host.become(stage.expert(name))
        took_s.append(time.monotonic() - begun_s)
        await stage.require_own(host, name)
    require(stage.num_starts == num_starts, "a swap restarted the engine")
    return {"p50_ms": median(took_s) * 1e3, "max_ms": max(took_s) * 1e3}


def wakes(rung: _Asleep, *, as_other: bool) -> Claim:
    """Down to `rung` and back, as itself or as the sibling."""

    async def claim(stage: Stage) -> Figures:
        first, name = stage.names[0], stage.names[1 if as_other else 0]
        host = await stage.host(first)
        await stage.require_own(host, first)  # leaves blocks in the prefix cache
        num_starts, serving = stage.num_starts, stage.device.used_bytes()
        begun_s = time.monotonic()
        await host.sleep(rung)
        slept_s, residue = time.monotonic() - begun_s, stage.device.used_bytes()
        begun_s = time.monotonic()
        await host.wake(stage.expert(name))
        woken_s, again = time.monotonic() - begun_s, stage.device.used_bytes()
        gap = await stage.require_own(host, name)
        require(stage.num_starts == num_starts, "it was restarted on its way")
        freed = serving - residue
        kept = stage.sizes.weights + stage.sizes.kv_cache - stage.sizes.slack
        require(freed >= kept, f"sleep freed {_gib(freed)} GiB of at least {_gib(kept)}")
        require(
            again - serving <= stage.sizes.slack,
            f"awake {_gib(again)} GiB of the device are in use, before {_gib(serving)}",
        )
        return {
            "sleep_s": slept_s,
            "wake_s": woken_s,
            "freed_gib": _gib(freed),
            "in_use_asleep_gib": _gib(residue),
            "by_process": {at: str(held) for at, held in host.footprints.items()},
            "worst_logprob_difference": gap,
        }

    return claim


async def ends_what_runs(stage: Stage) -> Figures:
    """What runs when a host is put to sleep ends as if nothing had happened."""
    host = await stage.host(stage.names[0])
    running = asyncio.create_task(stage.require_own(host, stage.names[0]))
    while not host.num_unfinished and not running.done():  # noqa: ASYNC110 - vLLM tells nobody
        await asyncio.sleep(0)
    await host.sleep("asleep")
    require(running.done(), "it fell asleep before the answers were there")
    await running
    await host.wake(stage.expert(stage.names[0]))
    return {}


async def refuses(stage: Stage) -> Figures:
    """A sleeping host refuses calls; vLLM itself keeps them waiting and answers once awake."""
    host = await stage.host(stage.names[0])
    await host.sleep("asleep")
    try:
        await stage.words(host, stage.names[0])
        raise BrokenError("a sleeping host answered")
    except NotHostedError:
        pass
    waiting = asyncio.create_task(stage.raw_tokens())
    done, _ = await asyncio.wait([waiting], timeout=_PATIENCE_S)
    require(not done, f"vLLM told a request to a sleeper something within {_PATIENCE_S} s")
    await host.wake(stage.expert(stage.names[0]))
    require(await waiting == await stage.raw_tokens(), "the request that waited got other words")
    return {}


async def aborts_by_default(stage: Stage) -> Figures:
    """VLLM's own `sleep` ends what runs, unless told to wait."""
    host = await stage.host(stage.names[0])
    running = asyncio.create_task(stage.raw_tokens(num_tokens=512))
    while not host.num_unfinished and not running.done():  # noqa: ASYNC110 - vLLM tells nobody
        await asyncio.sleep(0)
    await stage.raw.sleep(1)
    require(not await running, "a request was answered though its engine fell asleep")
    await stage.raw.wake_up()
    await stage.require_own(host, stage.names[0])
    return {}


async def keeps_its_level(stage: Stage) -> Figures:
    """A sleeper takes no second level: it wakes up with the weights it had."""
    host = await stage.host(stage.names[0])
    await host.sleep("asleep")
    before = stage.device.used_bytes()
    await stage.raw.sleep(2, mode="wait")
    after = stage.device.used_bytes()
    await host.wake(stage.expert(stage.names[0]))
    await stage.require_own(host, stage.names[0])
    return {"changed_gib": _gib(after - before)}


async def loses_its_weights(stage: Stage) -> Figures:
    """After level 2 and no reload an engine speaks gibberish, and a reload mends it."""
    first, second = stage.names
    host = await stage.host(first)
    before = await stage.raw_tokens()
    await stage.raw.sleep(2, mode="wait")
    await stage.raw.wake_up()
    require(await stage.raw_tokens() != before, "it still had its weights")
    num_starts = stage.num_starts
    await host.become(stage.expert(second))
    await stage.require_own(host, second)
    require(stage.num_starts == num_starts, "a reload did not mend it")
    return {}


def without_room(rung: _Asleep, *, for_cache: bool) -> Claim:
    """Somebody takes the memory meanwhile: all of it, or what the cache needs."""

    async def claim(stage: Stage) -> Figures:
        first, second = stage.names
        host = await stage.host(first)
        num_starts = stage.num_starts
        await host.sleep(rung)
        asleep = stage.device.used_bytes()
        sizes = stage.sizes
        left = sizes.weights + sizes.kv_cache // 2 if for_cache else sizes.weights // 2
        async with stage.device.hog(leaves=left):
            try:
                await host.wake(stage.expert(second))
                raise BrokenError("it woke up where there is no room")
            except OutOfMemoryError as exc:
                said = exc.message
            require(host.rung == rung, f"it is {host.rung} then")
        after = stage.device.used_bytes()
        require(
            after - asleep <= sizes.slack,
            f"it kept {_gib(after - asleep)} GiB of what it had mapped",
        )
        await host.wake(stage.expert(first))
        await stage.require_own(host, first)
        require(stage.num_starts == num_starts, "it was restarted on its way")
        return {"said": said}

    return claim


async def does_not_start_without_room(stage: Stage) -> Figures:
    """A start that finds no memory says so, and leaves none taken."""
    await stage.close()
    before = stage.device.used_bytes()
    async with stage.device.hog(leaves=stage.sizes.kv_cache // 2):
        try:
            await stage.fresh_host(stage.names[0])
            raise BrokenError("it started where there is no room")
        except OutOfMemoryError as exc:
            said = exc.message
    return {"said": said, "left_gib": _gib(stage.device.used_bytes() - before)}


async def stands_beside_another(stage: Stage) -> Figures:
    """A second engine starts on the device of one that serves, and of one that sleeps."""
    first, second = stage.names
    one = await stage.host(first)
    beside = Stage(stage.lineage, stage.begin_it, device=stage.device, sizes=stage.sizes)
    other = await beside.fresh_host(second)
    await stage.require_own(other, second)
    await stage.require_own(one, first)
    await one.sleep("asleep")
    await stage.require_own(other, second)
    await beside.close()
    await one.wake(stage.expert(first))
    await stage.require_own(one, first)
    return {"start_s": beside.starts_s[-1]}


async def keeps_adapters(stage: Stage) -> Figures:
    """An adapter outlives level 1 and is gone after a reload."""
    adapter = next((one for one in stage.lineage.experts if one.is_adapter), None)
    if adapter is None or adapter.base is None:
        return {"not_run": "no adapter was given"}
    host = await stage.host(adapter.base)
    await host.add(adapter)
    before = await stage.words(host, adapter.id)
    await host.sleep("asleep")
    await host.wake(stage.expert(adapter.base))
    require(adapter in host.residents, "the adapter did not outlive a sleep at level 1")
    require(await stage.words(host, adapter.id) == before, "the adapter speaks otherwise")
    await host.sleep("weightless")
    await host.wake(stage.expert(adapter.base))
    known = await stage.raw.list_loras()
    require(not known, f"vLLM still has adapters {known} after a reload")
    return {}


#: In an order in which each leaves the engine to the next.
CLAIMS: Mapping[str, Claim] = {
    "an engine starts in the mode that sleeps": sleeps,
    "siblings are swapped in place": swaps,
    "asleep, it wakes up as itself": wakes("asleep", as_other=False),
    "asleep, it wakes up as its sibling": wakes("asleep", as_other=True),
    "weightless, it wakes up as itself": wakes("weightless", as_other=False),
    "weightless, it wakes up as its sibling": wakes("weightless", as_other=True),
    "what runs ends before it sleeps": ends_what_runs,
    "a sleeper refuses calls, vLLM would keep them waiting": refuses,
    "vLLM's sleep aborts by default": aborts_by_default,
    "a sleeper takes no second level": keeps_its_level,
    "level 2 loses the weights": loses_its_weights,
    "asleep, without room for weights, it sleeps on": without_room("asleep", for_cache=False),
    "asleep, without room for the cache, it sleeps on": without_room("asleep", for_cache=True),
    "weightless, without room for weights, it sleeps on": without_room(
        "weightless", for_cache=False
    ),
    "weightless, without room for the cache, it sleeps on": without_room(
        "weightless", for_cache=True
    ),
    "adapters outlive level 1 and no reload": keeps_adapters,
    "a second engine starts beside one": stands_beside_another,
    "a start without room says so": does_not_start_without_room,
}


def _gib(num_bytes: float) -> float:
    return round(num_bytes / _GIB, 3)
