"""Requests about the registry, and whether a generation that was asked for is live by now."""

from __future__ import annotations

from orchestrator.client.calls import Outgoing
from orchestrator.client.failures import UnexpectedReplyError
from orchestrator.client.registry_wire import RegistryState, RolloutStatus
from orchestrator.errors import ConflictError, RegistryError

_PATH = "/admin/registry"


def state_call() -> Outgoing:
    """Ask what is live."""
    return Outgoing(method="GET", path=_PATH, repeats="wanted")


def text_call(generation: int | None) -> Outgoing:
    """Ask for the text of a generation; `None` is the live one."""
    params = {} if generation is None else {"generation": generation}
    return Outgoing(method="GET", path=f"{_PATH}/text", params=params, repeats="wanted")


def generations_call() -> Outgoing:
    """Ask for those that are kept."""
    return Outgoing(method="GET", path=f"{_PATH}/generations", repeats="wanted")


def diff_call(old: int | None, new: int | None) -> Outgoing:
    """Ask what one says otherwise than another."""
    asked = {"from": old, "to": new}
    params = {name: number for name, number in asked.items() if number is not None}
    return Outgoing(method="GET", path=f"{_PATH}/diff", params=params, repeats="wanted")


def edit_call(text: bytes | None, *, expected: str | None, dry_run: bool) -> Outgoing:
    """Have a registry served; `None` is the service's own file."""
    headers = {b"content-type": b"text/yaml"}
    if expected is not None:
        headers[b"if-match"] = f'"{expected}"'.encode()
    params = {"wait": "false", "dry_run": "true" if dry_run else "false"}
    return Outgoing(method="POST", path=_PATH, content=text or b"", headers=headers, params=params)


def rollback_call(generation: int | None) -> Outgoing:
    """Have a generation served that was live before; `None` is the last of them."""
    return Outgoing(
        method="POST",
        path=f"{_PATH}/rollback",
        content=b"" if generation is None else b'{"generation": %d}' % generation,
        headers={b"content-type": b"application/json"},
        params={"wait": "false"},
    )


def rollout_of(state: RegistryState, *, base_url: str) -> RolloutStatus:
    """What a service says of its rollouts.

    Raises:
        UnexpectedReplyError: nothing.
    """
    if state.rollout is None:
        raise UnexpectedReplyError(
            state.rollout_unavailable or f"{base_url} says nothing of its rollouts"
        )
    return state.rollout


def is_live(status: RolloutStatus, generation: int) -> bool:
    """Whether it is live by now; `False` while it is on its way.

    Raises:
        RegistryError: a replica could not serve it.
        ConflictError: a newer edit took its place.
    """
    live = 0 if status.live is None else status.live.number
    if live == generation:
        return True
    if live < generation and status.preparing and status.preparing.number == generation:
        return False
    if status.last_error is not None and status.last_error.number == generation:
        raise RegistryError(status.last_error.message)
    raise ConflictError(
        f"generation {generation} was given up: a newer edit took its place; generation {live} is "
        "live"
    )
