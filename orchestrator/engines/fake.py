"""A scripted engine and host that answer at once: for tests, benches and kind `fake`."""

from __future__ import annotations

import asyncio
import copy
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import Any

from orchestrator.engines.base import Call, Item
from orchestrator.engines.embedding import AnyCall, EmbedCall, Vectors
from orchestrator.engines.fake_vectors import fake_vectors
from orchestrator.engines.scripts import Performance, Script
from orchestrator.engines.traffic import Traffic
from orchestrator.errors import (
    EngineDeadError,
    EngineTimeoutError,
    NotHostedError,
    OrchestratorError,
    SwapError,
)
from orchestrator.registry.models import Expert
from orchestrator.residency.state import Footprint, Rung

#: Calls remembered where nobody says otherwise; a bench sends more than memory should hold.
MAX_RECORDED = 10_000


class FakeEngine:
    """Answers by a script, honouring `n`, `stop`, `max_tokens`, `echo`, log-probs and timeouts.

    Embeds too, with vectors that depend on the text alone.

    Args:
        says: the answer to every call, see `Script.says`.
        fails: raised for every call before its first token.
        gate: awaited by every call before its first token.
        token_delay_s: pause before each token.
        script: decides call by call instead of the four above.
        max_recorded: calls remembered; a service remembers none of what its callers say.
    """

    def __init__(
        self,
        says: str | tuple[str, ...] = "Hello.",
        *,
        fails: OrchestratorError | None = None,
        gate: asyncio.Event | None = None,
        token_delay_s: float = 0.0,
        script: Callable[[AnyCall], Script] | None = None,
        max_recorded: int = MAX_RECORDED,
    ) -> None:
        fixed = Script(says=says, fails=fails, gate=gate, token_delay_s=token_delay_s)
        self._script = script or (lambda _: fixed)
        #: The latest calls in order of arrival, at most `max_recorded`.
        self.calls: deque[AnyCall] = deque(maxlen=max_recorded)
        #: Ids of calls whose reader hung up.
        self.cancelled: deque[str] = deque(maxlen=max_recorded)
        #: Set while at least one call has arrived; clear it to wait for the next.
        self.arrived = asyncio.Event()
        #: Set when a reader hung up; clear it to wait for the next.
        self.hung_up = asyncio.Event()
        self.num_in_flight = 0
        self._closed = asyncio.Event()

    async def generate(self, call: Call) -> AsyncGenerator[Item, None]:
        """Play the script for `call`; see `Engine.generate`."""
        with self._in_flight(call):
            script = self._script(call)
            performance = Performance(call, script)
            deadline_s = _deadline_s(call)
            for notice in script.notices:
                yield notice
            while not performance.is_over:
                await self._wait(call, script, performance.num_steps, deadline_s)
                chunk = performance.step()
                if call.stream:
                    yield chunk
            if not call.stream:
                yield performance.whole()

    async def embed(self, call: EmbedCall) -> Vectors:
        """A vector a text, after what the script has before its first token."""
        with self._in_flight(call):
            script = self._script(call)
            await self._wait(call, script, 0, _deadline_s(call))
            vectors = fake_vectors(call, max_context=script.max_context)
            return replace(vectors, notices=script.notices)

    async def close(self) -> None:
        """End every call in flight, and every later one, with `EngineDeadError`."""
        self._closed.set()

    @contextmanager
    def _in_flight(self, call: AnyCall) -> Iterator[None]:
        self.calls.append(call)
        self.arrived.set()
        self.num_in_flight += 1
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled.append(call.id)
            self.hung_up.set()
            raise
        finally:
            self.num_in_flight -= 1

    async def _wait(
        self, call: AnyCall, script: Script, number: int, deadline_s: float | None
    ) -> None:
        """Do what the script has before token `number`."""
        if script.token_delay_s:
            await self._bounded(asyncio.sleep(script.token_delay_s), call, deadline_s)
        if script.gate is not None and number == script.gate_at and not script.gate.is_set():
            await self._bounded(script.gate.wait(), call, deadline_s)
        if self._closed.is_set():
            raise EngineDeadError(f"expert {call.expert!r}: its fake engine is closed")
        if script.fails is not None and number == script.fails_at:
            raise copy.copy(script.fails)

    async def _bounded(
        self, pause: Coroutine[Any, Any, object], call: AnyCall, deadline_s: float | None
    ) -> None:
        """Wait for `pause`, for `close` or until the deadline, whichever is first."""
        waits = [asyncio.create_task(pause), asyncio.create_task(self._closed.wait())]
        left_s = None if deadline_s is None else deadline_s - asyncio.get_running_loop().time()
        try:
            done, _ = await asyncio.wait(waits, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if not done:
            raise EngineTimeoutError(
                f"expert {call.expert!r}: its fake engine gave no token in {call.timeout_s} s"
            )


def _deadline_s(call: AnyCall) -> float | None:
    if call.timeout_s is None:
        return None
    return asyncio.get_running_loop().time() + call.timeout_s


class FakeHost:
    """A host whose swaps take no time, or as long as a gate stays shut.

    `become` while a call is in flight is refused with an `AssertionError`, and so is `add` in the
    place of an adapter that answers one: on a real engine they would wait, but a slot's loop that
    relies on that is wrong.

    Args:
        lineage: the experts it can become, and adapters on them; the first is resident.
        engine: what answers; says `expert: prompt` when left out.
        swap_gate: awaited by every swap and addition.
        broken: expert id -> what its swap raises; the previous expert stays resident.
        max_adapters: adapters that may be resident at once.
        rungs: those it can take.
    """

    def __init__(
        self,
        lineage: Sequence[Expert],
        *,
        engine: FakeEngine | None = None,
        swap_gate: asyncio.Event | None = None,
        broken: Mapping[str, OrchestratorError] | None = None,
        max_adapters: int = 0,
        rungs: tuple[Rung, ...] = ("serving", "stopped"),
    ) -> None:
        self._keys = {expert.key for expert in lineage}
        self.engine = engine or FakeEngine("{expert}: {prompt}")
        self.max_adapters = max_adapters
        self._swap_gate = swap_gate
        #: Expert id -> what its next swaps raise; change it to break or mend an expert.
        self.broken: dict[str, OrchestratorError] = dict(broken or {})
        #: Ids of the experts it became and of the adapters it took in, in order.
        self.swaps: list[str] = []
        #: Set while a swap has begun; clear it to wait for the next.
        self.swap_begun = asyncio.Event()
        self.residents: tuple[Expert, ...] = tuple(lineage[:1])
        self.rung: Rung = "serving"
        self.rungs = rungs
        #: Change it to say what was measured.
        self.footprints: Mapping[Rung, Footprint] = {}
        self._traffic = Traffic()
        self._dead: str | None = None

    @property
    def resident_ids(self) -> tuple[str, ...]:
        """Ids of the residents: the weights first, then adapters."""
        return tuple(expert.id for expert in self.residents)

    def can_become(self, expert: Expert) -> bool:
        """Whether `expert`, as it is configured now, belongs to the lineage."""
        return expert.key in self._keys

    async def become(self, expert: Expert) -> None:
        """Swap by the script; see `Host.become`."""
        assert self.engine.num_in_flight == 0, f"swap to {expert.id!r} with calls in flight"
        assert not expert.is_adapter, f"{expert.id!r} has no weights"
        previous, self.residents = self.residents, ()
        try:
            await self._pass(expert)
        except BaseException:
            self.residents = previous
            raise
        self.residents = (expert,)

    async def add(self, expert: Expert, *, instead_of: Expert | None = None) -> None:
        """Add by the script; see `Host.add`."""
        if instead_of is not None:
            assert not self._traffic.runs(instead_of.key), f"{instead_of.id!r} answers a call"
            self.residents = tuple(one for one in self.residents if one.id != instead_of.id)
        await self._pass(expert)
        assert self.residents, "an adapter needs weights"
        assert expert.model == self.residents[0].model, f"{expert.id!r} is on other weights"
        assert len(self.residents) <= self.max_adapters, f"no room for {expert.id!r}"
        self.residents = (*self.residents, expert)

    async def sleep(self, rung: Rung) -> None:
        """Step down by the script; see `Host.sleep`."""
        assert self.engine.num_in_flight == 0, f"{rung} with calls in flight"
        await self.check()
        if rung not in self.rungs or rung in ("serving", "stopped"):
            raise SwapError(f"this host cannot be {rung}; it takes {self.rungs}")
        self.rung = rung

    async def wake(self, expert: Expert) -> None:
        """Come back by the script; see `Host.wake`."""
        assert self.rung in ("asleep", "weightless"), f"it is {self.rung}"
        await self._pass(expert)
        self.residents, self.rung = (expert,), "serving"

    async def generate(self, call: Call) -> AsyncGenerator[Item, None]:
        """Answer for a resident expert; others are refused with `NotHostedError`."""
        with self._traffic.passing((await self._resident(call)).key):
            async with aclosing(self.engine.generate(call)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def embed(self, call: EmbedCall) -> Vectors:
        """Embed for a resident expert; others are refused with `NotHostedError`."""
        with self._traffic.passing((await self._resident(call)).key):
            return await self.engine.embed(call)

    async def check(self) -> None:
        """Raise `EngineDeadError` after `die` or `close`."""
        if self._dead is not None:
            raise EngineDeadError(f"the fake host is dead: {self._dead}")

    async def die(self, reason: str = "killed") -> None:
        """Fail calls in flight and all later ones, as a crashed engine does."""
        self._dead = reason
        await self.engine.close()

    async def close(self) -> None:
        """End everything; calls in flight fail with `EngineDeadError`."""
        await self.die("closed")

    async def _pass(self, expert: Expert) -> None:
        """What every swap goes through."""
        await self.check()
        if not self.can_become(expert):
            raise SwapError(f"expert {expert.id!r} is not of this host's lineage")
        self.swap_begun.set()
        if self._swap_gate is not None:
            await self._swap_gate.wait()
        if expert.id in self.broken:
            raise copy.copy(self.broken[expert.id])
        self.swaps.append(expert.id)

    async def _resident(self, call: AnyCall) -> Expert:
        await self.check()
        if self.rung != "serving":
            raise NotHostedError(f"expert {call.expert!r}: this host is {self.rung}")
        for expert in self.residents:
            if expert.id == call.expert and call.version in ("", expert.version):
                return expert
        raise NotHostedError(
            f"expert {call.expert!r} is not resident here; {list(self.resident_ids)} are"
        )
