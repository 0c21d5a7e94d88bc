"""`client.registry`: what a running service serves, and edits of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from orchestrator.client import registry_calls as calls
from orchestrator.client.asynchronous.connections import AsyncConnection
from orchestrator.client.registry_wire import (
    Applied,
    Diff,
    Generation,
    GenerationList,
    RegistryState,
    RolloutStatus,
)
from orchestrator.client.settings import DEFAULT_URL, Settings

if TYPE_CHECKING:
    import httpx

_PERIOD_S = 0.25


class AsyncRegistryClient:
    """Edits the registry of a service; every method raises `OrchestratorError`s.

    Clients have one as `registry`; a program that asks for nothing else may make its own.

    Args:
        base_url: root of the service, without `/v1`.
        api_key: an admin key, where the service asks for one.
        timeout_s: longest silence of the service, seconds.
        transport: how requests travel; the network by default.
        pause: waits for some seconds.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 120.0,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        settings = Settings(base_url=base_url, api_key=api_key, timeout_s=timeout_s)
        self._to = AsyncConnection(settings, transport=transport, pause=pause)

    @classmethod
    def _of(cls, to: AsyncConnection) -> Self:
        """That of a client, by the client's connections."""
        lent = cls.__new__(cls)
        lent._to = to
        return lent

    async def state(self) -> RegistryState:
        """What is live, what is on its way and what went wrong last.

        Example:
            ```python
            state = await client.registry.state()
            print(state.generation, state.num_experts, state.rollout.is_valid)
            ```
        """
        return await self._to.ask(RegistryState, calls.state_call())

    async def text(self, generation: int | None = None) -> str:
        """The text of a generation, the live one by default.

        Example:
            ```python
            text = await client.registry.text()
            print(text.splitlines()[0])
            ```
        """
        return (await self._to.complete(calls.text_call(generation))).content.decode()

    async def generations(self) -> tuple[Generation, ...]:
        """Those that are kept, newest first.

        Example:
            ```python
            for kept in await client.registry.generations():
                print(kept.number, kept.source, kept.is_live)
            ```
        """
        return (await self._to.ask(GenerationList, calls.generations_call())).data

    async def diff(self, old: int | None = None, new: int | None = None) -> Diff:
        """What generation `new` (else the registry file) says otherwise than `old` (else live).

        Example:
            ```python
            changed = await client.registry.diff()
            print(changed.experts.added)  # ()
            ```
        """
        return await self._to.ask(Diff, calls.diff_call(old, new))

    async def reload(self, *, expected: str | None = None, dry_run: bool = False) -> Applied:
        """Have the service read its registry file again; returns when that is on its way.

        Args:
            expected: number or SHA-256 of the generation that must be live.
            dry_run: check and compare only.

        Example:
            ```python
            applied = await client.registry.reload()
            print(applied.outcome, applied.diff.experts.changed)
            ```
        """
        call = calls.edit_call(None, expected=expected, dry_run=dry_run)
        return await self._to.ask(Applied, call)

    async def apply(
        self, text: bytes, *, expected: str | None = None, dry_run: bool = False
    ) -> Applied:
        """Serve a registry; returns when it passed its check and is on its way.

        Args:
            text: YAML, or JSON.
            expected: number or SHA-256 of the generation that it builds on.
            dry_run: check and compare only.

        Raises:
            RegistryError: it is not valid; `faults` has the places.
            ConflictError: another generation than `expected` is live.

        Example:
            ```python
            text = await client.registry.text()
            edited = text.replace("Words and short texts", "Words, short texts")
            applied = await client.registry.apply(edited.encode(), dry_run=True)
            print(applied.outcome)  # valid
            ```
        """
        call = calls.edit_call(text, expected=expected, dry_run=dry_run)
        return await self._to.ask(Applied, call)

    async def rollback(self, generation: int | None = None) -> Applied:
        """Go back to a generation, the one before by default; returns when it is on its way.

        Raises:
            NotFoundError: it is not kept.

        Example:
            ```python
            live = (await client.registry.state()).generation
            applied = await client.registry.rollback(live)
            print(applied.outcome)  # unchanged
            ```
        """
        return await self._to.ask(Applied, calls.rollback_call(generation))

    async def await_live(
        self, generation: int, *, heard: Callable[[RolloutStatus], None] = lambda _: None
    ) -> None:
        """Wait until a generation that is on its way is live.

        Args:
            generation: its number.
            heard: told of every state on the way.

        Raises:
            RegistryError: a replica could not serve it; the message says which, and why.
            ConflictError: a newer edit took its place.

        Example:
            ```python
            text = await client.registry.text()
            edited = text.replace("Words and short texts", "Words, short texts")
            applied = await client.registry.apply(edited.encode())
            if applied.outcome == "preparing":
                await client.registry.await_live(applied.generation)
            ```
        """
        while True:
            status = calls.rollout_of(await self.state(), base_url=self._to.base_url)
            heard(status)
            if calls.is_live(status, generation):
                return
            await self._to.pause(_PERIOD_S)

    async def close(self) -> None:
        """Close all connections; those of a client it is lent by, too.

        Example:
            ```python
            from orchestrator.client import AsyncRegistryClient

            registry = AsyncRegistryClient("http://127.0.0.1:8000")
            print((await registry.state()).rollout.is_valid)  # True
            await registry.close()
            ```
        """
        await self._to.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
