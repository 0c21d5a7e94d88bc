"""Tells an event: one line of JSON with the ids of what it is about."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

import orjson

from orchestrator.events.catalogue import Action

_NOTHING: Mapping[str, str] = {}
_ABOUT: ContextVar[Mapping[str, str]] = ContextVar("what events are about", default=_NOTHING)


class EventLine(str):
    """One event as JSON: what `JsonLines` may merge into its own object."""

    __slots__ = ()


def tell(
    log: logging.Logger, action: Action, /, level: int = logging.INFO, **fields: object
) -> None:
    """Write one event of the catalogue.

    Args:
        log: of the module that decided.
        action: which event.
        level: of `logging`.
        fields: as the catalogue has them; ids that are known here are added.
    """
    if log.isEnabledFor(level):
        log.log(level, "%s", line_of(action, {**_ABOUT.get(), **fields}))


def line_of(action: Action, fields: Mapping[str, object]) -> EventLine:
    """The line of an event: its action first; times that JSON has no number for are null."""
    return EventLine(orjson.dumps({"action": action, **fields}, default=str).decode())


@contextmanager
def about(**ids: str | None) -> Iterator[None]:
    """Have events that are told inside, and by tasks begun there, carry these ids.

    Args:
        ids: names of the catalogue's `IDS`; what is `None` is not known.
    """
    known = {name: value for name, value in ids.items() if value is not None}
    token = _ABOUT.set({**_ABOUT.get(), **known})
    try:
        yield
    finally:
        _ABOUT.reset(token)


def join(**ids: str | None) -> None:
    """Add ids that became known to those of the innermost `about`."""
    known = {name: value for name, value in ids.items() if value is not None}
    if known:
        _ABOUT.set({**_ABOUT.get(), **known})


def ids() -> Mapping[str, str]:
    """The ids of what is going on here."""
    return _ABOUT.get()
