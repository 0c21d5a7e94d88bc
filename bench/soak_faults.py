"""What goes wrong around a soak, one thing after another, by the clock."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

_POLL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishap:
    """Something that is done to the service again and again."""

    name: str
    first_s: float
    every_s: float
    do: Callable[[], None]


class Mishaps:
    """Does each of them at its time while its block runs.

    One that fails (nothing to kill at the moment) is counted and tried again at its next time.
    """

    def __init__(self, mishaps: Sequence[Mishap]) -> None:
        self._next_s = {one: monotonic() + one.first_s for one in mishaps}
        self.num_done: Counter[str] = Counter()
        self.failed: list[str] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Mishaps:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(_POLL_S):
            for one, due_s in self._next_s.items():
                if monotonic() >= due_s:
                    self._do(one)
                    self._next_s[one] = monotonic() + one.every_s

    def _do(self, one: Mishap) -> None:
        try:
            one.do()
        except Exception as exc:  # noqa: BLE001 - the outermost edge: the soak goes on
            self.failed.append(f"{one.name}: {type(exc).__name__}: {exc}"[:200])
        else:
            self.num_done[one.name] += 1
