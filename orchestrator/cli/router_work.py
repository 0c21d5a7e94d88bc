"""What every command has around work with routers: it is told where it is long, and its faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.cli.telling import patiently
from orchestrator.errors import SetupError
from routers.base import RouterError


@contextmanager
def router_work(what: str) -> Iterator[None]:
    """Do something with routers.

    Args:
        what: with a verb: `fitting a blend`.

    Raises:
        SetupError: what cannot be read or fitted; says why.
    """
    try:
        with patiently(what):
            yield
    except RouterError as exc:
        raise SetupError(str(exc)) from exc
