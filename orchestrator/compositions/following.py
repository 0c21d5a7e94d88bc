"""A gateway's side of a rollout: prepare beside what is served, switch in one assignment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from orchestrator.compositions.loading import Loader
from orchestrator.compositions.programs import Programs
from orchestrator.errors import ExpertUnavailableError, OrchestratorError, StoreError
from orchestrator.registry.generations import Generations

_LOG = logging.getLogger(__name__)

#: How long a live generation that could not be loaded is not tried again, seconds.
_RETRY_S = 5.0


class Following:
    """Holds the programs of the live generation, as the pointer in the store says.

    While the store is away what is held serves on. `look` is called now and then, and at once
    when something may have changed.

    Args:
        generations: where the pointer and the records are.
        loader: builds programs.
        clock: seconds, monotonic.
        ready: called when a proposed generation has been prepared, or has failed.
    """

    def __init__(
        self,
        generations: Generations,
        loader: Loader,
        *,
        clock: Callable[[], float],
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._generations = generations
        self._loader = loader
        self._clock = clock
        self._ready = ready
        self._live: Programs | None = None
        self._prepared: Programs | None = None
        self._preparing: tuple[int, asyncio.Task[Programs]] | None = None
        #: Proposed generation that could not be prepared, and why.
        self.failure: tuple[int, str] | None = None
        #: Those before, while a request is pinned to them.
        self._draining: list[Programs] = []
        self._trouble = "it has not been read from the store yet"
        self._retry_at_s = 0.0
        self._looking = asyncio.Lock()
        #: Set once the store was read: something is served, or it is known why not.
        #: Why the store did not answer at the last look, `None` where it did.
        self.away: str | None = None
        self.begun = asyncio.Event()
        #: Generations that were held when the surplus was freed last.
        self._freed_for: list[int] = []

    @property
    def live(self) -> Programs:
        """What new requests are pinned to.

        Raises:
            ExpertUnavailableError: no generation could be loaded yet.
        """
        if self._live is None:
            raise ExpertUnavailableError(
                f"no generation of the registry is served here yet: {self._trouble}",
                retry_after_s=1.0,
            )
        return self._live

    @property
    def live_number(self) -> int | None:
        """Of the generation that is served here, `None` before the first."""
        return None if self._live is None else self._live.generation

    @property
    def prepared(self) -> int | None:
        """Generation that is held ready, `None` while there is none."""
        return None if self._prepared is None else self._prepared.generation

    @property
    def oldest(self) -> int | None:
        """Oldest generation that a request here may be pinned to."""
        held = [one.generation for one in self._draining if one.num_pinned]
        return min([*held, *([] if self._live is None else [self._live.generation])], default=None)

    async def look(self) -> None:
        """Serve what the pointer says; free what nobody is pinned to."""
        async with self._looking:
            try:
                number = await self._generations.live_number()
                if number is not None and number != self.live_number:
                    await self._follow(number)
                self.begun.set()
                self.away = None
            except StoreError as error:
                self.away = self._trouble = error.message
            await self._free()

    def prepare(self, proposed: int | None) -> None:
        """Begin to get ready for a proposed generation; `None`: there is none (any more)."""
        if proposed == self.prepared or (self._preparing and proposed == self._preparing[0]):
            return
        if self.failure is not None and proposed == self.failure[0]:
            return
        self._give_up()
        if proposed is not None and proposed != self.live_number:
            task = asyncio.create_task(self._load(proposed))
            self._preparing = proposed, task
            task.add_done_callback(lambda done: self._end_preparing(proposed, done))

    async def close(self) -> None:
        """Stop preparing, and close every upstream."""
        self._give_up()
        await self._loader.free(())

    async def _follow(self, number: int) -> None:
        if number == self.prepared and self._prepared is not None:
            self._switch(self._prepared)
        elif self._clock() >= self._retry_at_s:
            await self._load_live(number)

    async def _load_live(self, number: int) -> None:
        try:
            self._switch(await self._load(number))
        except StoreError:
            raise
        except OrchestratorError as error:
            self._trouble = f"generation {number} cannot be served here: {error.message}"
            self._retry_at_s = self._clock() + _RETRY_S
            _LOG.error("%s; generation %s serves on", self._trouble, self.live_number)

    def _switch(self, programs: Programs) -> None:
        before, self._live = self._live, programs
        self._prepared, self._retry_at_s = None, 0.0
        if before is not None:
            self._draining.append(before)
        _LOG.info("generation %d is live", programs.generation)

    async def _load(self, number: int) -> Programs:
        return await self._loader.load(await self._generations.read(number))

    def _end_preparing(self, number: int, done: asyncio.Task[Programs]) -> None:
        if done.cancelled():
            return
        error = done.exception()
        if self._preparing is None or self._preparing[1] is not done:
            return  # given up a moment before its end
        self._preparing = None
        if error is None:
            self._prepared = done.result()
        elif isinstance(error, StoreError):
            self._trouble = error.message  # it is no fault of the generation: it is tried again
            return
        else:
            told = error.message if isinstance(error, OrchestratorError) else repr(error)
            self.failure = number, told
        self._ready()

    def _give_up(self) -> None:
        """Forget what was being prepared; a router that loads meanwhile is kept for the next."""
        if self._preparing is not None:
            self._preparing[1].cancel()
        if self._prepared is not None:
            self._prepared.close()
        self._preparing, self._prepared, self.failure = None, None, None
        self._freed_for = []

    async def _free(self) -> None:
        ended = [one for one in self._draining if not one.num_pinned]
        self._draining = [one for one in self._draining if one.num_pinned]
        for one in ended:
            one.close()
        if self._preparing is not None or self._live is None:
            return
        held = [one for one in (self._live, self._prepared, *self._draining) if one is not None]
        numbers = [one.generation for one in held]
        if numbers != self._freed_for:
            await self._loader.free(held)
            self._freed_for = numbers
