"""Connections of a client: a pool a process and event loop, since they outlive neither."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar
from weakref import WeakKeyDictionary

from orchestrator.client.failures import ClosedError

P = TypeVar("P")


class Pools(Generic[P]):
    """Makes a pool where there is none yet: after a fork, and in another event loop.

    Args:
        make: a new pool.
        per_loop: whether its connections belong to the event loop they were made in.
    """

    def __init__(self, make: Callable[[], P], *, per_loop: bool) -> None:
        self._make = make
        self._per_loop = per_loop
        self._pid = os.getpid()
        self._pool_by_owner: WeakKeyDictionary[object, P] = WeakKeyDictionary()
        #: Pools of the process this one was forked from: it goes on with their connections.
        self._left: list[object] = []
        self._is_closed = False

    def pool(self) -> P:
        """The pool of here and now.

        Raises:
            ClosedError: the client was closed.
        """
        if self._is_closed:
            raise ClosedError("the client is closed: ask inside its `with`, or make a new one")
        if self._pid != os.getpid():
            self._left.append(self._pool_by_owner)
            self._pid, self._pool_by_owner = os.getpid(), WeakKeyDictionary()
        owner = self._owner()
        found = self._pool_by_owner.get(owner)
        # Of threads that make one at once, all get the first.
        return self._pool_by_owner.setdefault(owner, self._make()) if found is None else found

    def close(self) -> list[P]:
        """Lend none any more; those that can be closed from here."""
        self._is_closed = True
        found = self._pool_by_owner.get(self._owner()) if self._pid == os.getpid() else None
        return [] if found is None else [found]

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a client holds connections, which cannot be copied or sent to another process: "
            "make a client there; threads and forked processes may share one"
        )

    def _owner(self) -> object:
        if not self._per_loop:
            return self
        try:
            return asyncio.get_running_loop()
        except RuntimeError:  # made before there is one
            return self
