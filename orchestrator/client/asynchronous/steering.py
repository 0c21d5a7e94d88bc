"""What operators may ask a service: what its slots do, and to do otherwise."""

from __future__ import annotations

from typing import Any

from orchestrator.client.asynchronous.connections import AsyncConnection
from orchestrator.client.asynchronous.judgements import AsyncFeedbackAdmin
from orchestrator.client.asynchronous.keys import AsyncKeysAdmin
from orchestrator.client.asynchronous.registry import AsyncRegistryClient
from orchestrator.client.asynchronous.usage import AsyncUsageAdmin
from orchestrator.client.calls import decisions_call
from orchestrator.client.decisions import DecisionList
from orchestrator.client.placement import Placement, placement_call
from orchestrator.client.residency import residency_call, wish_call
from orchestrator.client.residency_wire import Residency, Steered
from orchestrator.client.restart import RestartState, restart_call


class AsyncSteering:
    """The part of `AsyncClient` that is for operators."""

    def __init__(self, to: AsyncConnection) -> None:
        self._to = to
        #: What is served, and edits of it.
        self.registry = AsyncRegistryClient._of(to)
        #: Keys of callers.
        self.keys = AsyncKeysAdmin(to)
        #: What was used, by whom.
        self.usage = AsyncUsageAdmin(to)
        #: What callers said of answers.
        self.judgements = AsyncFeedbackAdmin(to)

    async def decisions(self, *, limit: int = 100) -> tuple[dict[str, Any], ...]:
        """The newest decision records, newest first, as the service tells them; without words.

        Args:
            limit: most records, up to 1000.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            await client.chat("What is the capital of Kenya?")
            newest, *_ = await client.decisions(limit=10)
            print(newest["model"])  # auto
            ```
        """
        return (await self._to.ask(DecisionList, decisions_call(limit=limit))).data

    async def residency(self) -> Residency:
        """What every slot does and why; for callers on the service's machine, or with an admin key.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            for slot in (await client.residency()).slots:
                print(slot.name, slot.state)
            ```
        """
        return await self._to.ask(Residency, residency_call())

    async def restart(self, part: str | None = None) -> RestartState:
        """Have processes replaced one by one.

        Args:
            part: `gateways`, `workers` or the name of a slot; `None` asks how far the last one is.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            state = await client.restart("gateways")
            while state.is_under_way:
                state = await client.restart()
            print(state.error)  # None
            ```
        """
        return await self._to.ask(RestartState, restart_call(part))

    async def placement(self, *, carry_out: bool = False) -> Placement:
        """Where experts are at home and could be.

        Args:
            carry_out: move what is worth it.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            found = await client.placement()
            print(found.is_worth, found.why)
            ```
        """
        return await self._to.ask(Placement, placement_call(carry_out=carry_out))

    async def load(
        self,
        expert: str,
        *,
        slot: str | None = None,
        wait: bool = True,
        timeout_s: float | None = None,
    ) -> Steered:
        """Make an expert resident, at one slot, or where it is at home, or wherever it is hosted.

        Args:
            expert: its id.
            slot: where; left to the service by default.
            wait: return when it is done, not when it is begun. An engine may have to start first.
            timeout_s: longest silence of the service meanwhile, seconds; the client's by default.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            steered = await client.load("capitals", timeout_s=600)
            print([(one.slot, one.outcome) for one in steered.slots])
            ```
        """
        call = wish_call("load", expert, slot=slot, wait=wait, timeout_s=timeout_s)
        return await self._to.ask(Steered, call)

    async def unload(
        self,
        expert: str,
        *,
        slot: str | None = None,
        wait: bool = True,
        timeout_s: float | None = None,
    ) -> Steered:
        """Have an expert's engine step down once nobody waits for it; see `load`.

        Example:
            ```python
            steered = await client.unload("capitals")
            print(steered.wish)  # unload
            ```
        """
        call = wish_call("unload", expert, slot=slot, wait=wait, timeout_s=timeout_s)
        return await self._to.ask(Steered, call)

    async def pin(self, expert: str, *, slot: str | None = None) -> Steered:
        """Keep an expert where it is once it is resident; see `load`.

        Example:
            ```python
            steered = await client.pin("capitals")
            print(steered.expert, steered.wish)  # capitals pin
            ```
        """
        return await self._to.ask(Steered, wish_call("pin", expert, slot=slot))

    async def unpin(self, expert: str, *, slot: str | None = None) -> Steered:
        """Keep an expert no longer; see `load`.

        Example:
            ```python
            steered = await client.unpin("capitals")
            print(steered.wish)  # unpin
            ```
        """
        return await self._to.ask(Steered, wish_call("unpin", expert, slot=slot))
