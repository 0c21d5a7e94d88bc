"""The client of operators: asks a running service about its registry, and changes it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from orchestrator.client.failures import UnexpectedReplyError, failure, translated
from orchestrator.client.registry_wire import (
    Applied,
    Diff,
    Generation,
    GenerationList,
    RegistryState,
    RolloutStatus,
)
from orchestrator.client.replies import read
from orchestrator.client.settings import DEFAULT_URL, Settings
from orchestrator.errors import ConflictError, RegistryError

if TYPE_CHECKING:
    import httpx

_PATH = "/admin/registry"
_PERIOD_S = 0.25


class RegistryClient:
    """Edits the registry of a service on this machine; every method raises `OrchestratorError`s.

    Args:
        base_url: root of the service, without `/v1`.
        api_key: sent as a bearer token, where the service or a proxy before it wants one.
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
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx  # here, since it takes longer to import than all of the SDK

        settings = Settings(base_url=base_url, api_key=api_key, timeout_s=timeout_s)
        self._base_url = base_url
        self._pause = pause
        with translated(base_url):
            self._http = httpx.Client(transport=transport, **settings.for_httpx())

    def state(self) -> RegistryState:
        """What is live, what is on its way and what went wrong last."""
        return read(RegistryState, self._ask("GET", _PATH))

    def text(self, generation: int | None = None) -> str:
        """The text of a generation, the live one by default."""
        params = {} if generation is None else {"generation": generation}
        return self._ask("GET", f"{_PATH}/text", params=params).decode()

    def generations(self) -> tuple[Generation, ...]:
        """Those that are kept, newest first."""
        return read(GenerationList, self._ask("GET", f"{_PATH}/generations")).data

    def diff(self, old: int | None = None, new: int | None = None) -> Diff:
        """What generation `new` (else the registry file) says otherwise than `old` (else live)."""
        asked = {"from": old, "to": new}
        params = {name: number for name, number in asked.items() if number is not None}
        return read(Diff, self._ask("GET", f"{_PATH}/diff", params=params))

    def reload(self, *, expected: str | None = None, dry_run: bool = False) -> Applied:
        """Have the service read its registry file again; returns when that is on its way.

        Args:
            expected: number or SHA-256 of the generation that must be live.
            dry_run: check and compare only.
        """
        return self._edit(None, expected=expected, dry_run=dry_run)

    def apply(self, text: bytes, *, expected: str | None = None, dry_run: bool = False) -> Applied:
        """Serve a registry; returns when it passed its check and is on its way.

        Args:
            text: YAML, or JSON.
            expected: number or SHA-256 of the generation that it builds on.
            dry_run: check and compare only.
        """
        return self._edit(text, expected=expected, dry_run=dry_run)

    def rollback(self, generation: int | None = None) -> Applied:
        """Go back to a generation, the one before by default; returns when it is on its way."""
        body = b"" if generation is None else b'{"generation": %d}' % generation
        headers = {"content-type": "application/json"}
        params = {"wait": "false"}
        reply = self._ask("POST", f"{_PATH}/rollback", content=body, headers=headers, params=params)
        return read(Applied, reply)

    def await_live(
        self, generation: int, *, heard: Callable[[RolloutStatus], None] = lambda _: None
    ) -> None:
        """Wait until a generation that is on its way is live.

        Args:
            generation: its number.
            heard: told of every state on the way.

        Raises:
            RegistryError: a replica could not serve it; the message says which, and why.
            ConflictError: a newer edit took its place.
        """
        while True:
            status = self._status()
            heard(status)
            if _is_live(status, generation):
                return
            self._pause(_PERIOD_S)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _status(self) -> RolloutStatus:
        state = self.state()
        if state.rollout is None:
            raise UnexpectedReplyError(
                state.rollout_unavailable or f"{self._base_url} says nothing of its rollouts"
            )
        return state.rollout

    def _edit(self, text: bytes | None, *, expected: str | None, dry_run: bool) -> Applied:
        headers = {"content-type": "text/yaml"}
        if expected is not None:
            headers["if-match"] = f'"{expected}"'
        params = {"wait": "false", "dry_run": "true" if dry_run else "false"}
        reply = self._ask("POST", _PATH, content=text or b"", headers=headers, params=params)
        return read(Applied, reply)

    def _ask(
        self,
        method: Literal["GET", "POST"],
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> bytes:
        with translated(self._base_url):
            response = self._http.request(
                method, path, content=content, headers=headers, params=params
            )
        if response.is_success:
            return response.content
        raise failure(response.content, status=response.status_code, headers=response.headers)


def _is_live(status: RolloutStatus, generation: int) -> bool:
    """Whether it is live by now; `False` while it is on its way."""
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
