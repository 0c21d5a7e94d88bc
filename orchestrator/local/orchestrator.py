"""The experts of a registry in a program of one's own: no server, no Ray, no Redis."""

from __future__ import annotations

import atexit
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

from orchestrator.client import AsyncClient, BatchResults, Client
from orchestrator.client.bars import Heard
from orchestrator.client.batch_calls import PLAN
from orchestrator.client.batch_lines import Requests
from orchestrator.client.batch_wire import BatchProgress
from orchestrator.engines.hosting import OpenHost
from orchestrator.local.dry_run import DryRun
from orchestrator.local.loop_thread import LoopThread
from orchestrator.local.preparing import RegistrySource, prepared
from orchestrator.local.site import Site, SiteSettings
from orchestrator.local.transports import BlockingTransport, CrossingTransport
from orchestrator.service.hosts import open_vllm
from orchestrator.service.progress import Progress

#: What errors call it; nothing listens there.
_ROOT = "http://localhost"


class Orchestrator(Client):
    """A `Client` of a service that is started for it, and ends with it.

    Everything that a request meets in a service is here: routers, compositions, limits, errors,
    swaps. Engines run in processes of their own, one family of them a slot, which end with this
    program however it ends.

    Args:
        registry: its file, its text or a `Registry`.
        data_dir: keeps logs, and what swaps and calls were seen to take; a folder that goes with
            it by default.
        timeout_s: longest silence before an answer, seconds.
        progress: whether the start is told on stderr.
        open_host: starts an engine of a slot.

    Raises:
        RegistryError: the registry is invalid; every fault with its place.
        SetupError: memory, accelerators, a package or a model are missing, or an engine does not
            start.
    """

    def __init__(
        self,
        registry: RegistrySource = Path("experts.yaml"),
        *,
        data_dir: Path | str | None = None,
        timeout_s: float = 600.0,
        progress: bool = True,
        open_host: OpenHost = open_vllm,
    ) -> None:
        told = Progress(sys.stderr) if progress else None
        checked = prepared(registry)
        with ExitStack() as undo:
            if data_dir is None:
                data_dir = undo.enter_context(
                    tempfile.TemporaryDirectory(prefix="orchestrator-", ignore_cleanup_errors=True)
                )
            settings = SiteSettings(
                folder=Path(data_dir).absolute(), open_host=open_host, say=_sayer(told)
            )
            self._thread = LoopThread()
            undo.callback(self._thread.stop)
            self._site, opened = Site(checked, settings), AsyncExitStack()
            undo.callback(_close, self._thread, opened)
            self._application = self._thread.run(opened.enter_async_context(self._site.open()))
            # At the end of the program too, and where it is only dropped.
            self._finish = weakref.finalize(self, undo.pop_all().close)
            _before_pools_close(self._finish)
        super().__init__(
            _ROOT, timeout_s=timeout_s, transport=BlockingTransport(self._application, self._thread)
        )
        _sayer(told)("ready")

    def asynchronous(self, *, timeout_s: float = 600.0) -> AsyncClient:
        """A client for an event loop, a notebook's for one.

        Args:
            timeout_s: longest silence before an answer, seconds.
        """
        return AsyncClient(_ROOT, timeout_s=timeout_s, transport=self.transport())

    def transport(self) -> CrossingTransport:
        """The way of an `httpx.AsyncClient` to the endpoint, from any event loop."""
        return CrossingTransport(self._application, self._thread)

    def batch(
        self,
        requests: Requests,
        *,
        endpoint: str = "/v1/chat/completions",
        model: str = "auto",
        completion_window: str = "24h",
        metadata: Mapping[str, str] | None = None,
        heard: Heard | None = None,
        progress: bool = True,
    ) -> BatchResults:
        """Have many requests answered by one plan, with a bar.

        Interrupted, it lets go of what is left; what was finished stays in its files.

        Args:
            requests: lines of a batch, bodies or texts, one after the other; the path of a file of
                lines; or a data frame (pandas, polars, Arrow) with a column `prompt` or `messages`,
                `custom_id` where rows have names, and any other field of a body.
            endpoint: of all of them.
            model: of those that name none.
            completion_window: by when it is to end.
            metadata: up to 16 pairs that the batch keeps.
            heard: told how far it is, about every second.
            progress: whether a bar is drawn.

        Raises:
            BatchFailedError: a request is not valid; nothing was begun.
            OrchestratorError: as of every request.
        """
        under_way = _UnderWay(heard)
        try:
            return super().batch(
                requests,
                endpoint=endpoint,
                model=model,
                completion_window=completion_window,
                metadata=metadata,
                heard=under_way.hear,
                progress=progress,
            )
        finally:
            if under_way.batch_id is not None:  # interrupted: nobody waits for it any more
                self.batches.cancel(under_way.batch_id)

    def plan(
        self, requests: Requests, *, endpoint: str = "/v1/chat/completions", model: str = "auto"
    ) -> DryRun:
        """What `batch` would do: who is loaded when, and what that saves; nothing is generated.

        Raises:
            BatchFailedError: a request is not valid.
            OrchestratorError: as of every request.
        """
        results = self.batch(
            requests, endpoint=endpoint, model=model, metadata=PLAN, progress=False
        )
        return DryRun(plan=self.batches.plan(results.batch.id))

    def close(self) -> None:
        """End every engine; calls under way fail."""
        super().close()
        self._finish()


def _before_pools_close(finish: Callable[[], object]) -> None:
    """Call it while threads can still be asked to work; `atexit` calls when they refuse.

    Thread pools of the standard library close themselves this way, the last registered first.
    """
    register = getattr(threading, "_register_atexit", atexit.register)
    register(finish)


def _close(thread: LoopThread, opened: AsyncExitStack) -> None:
    thread.run(opened.aclose())


class _UnderWay:
    """Remembers the batch that is waited for."""

    def __init__(self, heard: Heard | None) -> None:
        self._heard = heard
        #: `None` before it was heard of and after its end.
        self.batch_id: str | None = None

    def hear(self, progress: BatchProgress) -> None:
        """Tell it on."""
        self.batch_id = None if progress.has_ended else progress.id
        if self._heard is not None:
            self._heard(progress)


def _sayer(progress: Progress | None) -> Callable[[str], None]:
    return (lambda _: None) if progress is None else progress.say
