# Made of asynchronous/client.py by `python orchestrator/client/twin.py`: edit that one.
"""The blocking client."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from orchestrator.client.blocking.asking import Asking
from orchestrator.client.blocking.connections import Connection
from orchestrator.client.blocking.steering import Steering
from orchestrator.client.retrying import Retries
from orchestrator.client.settings import DEFAULT_URL, Settings

if TYPE_CHECKING:
    import httpx


class Client(Asking, Steering):
    """Asks a running service; one pool, which threads may share.

    Args:
        base_url: root of the service, without `/v1`.
        api_key: sent as a bearer token, where the service or a proxy before it wants one.
        timeout_s: longest silence of the service, seconds; `timeout_s` of a request goes first.
        retries: has everything asked again that fails for a while and changes nothing, or makes
            something once however often it is sent, under an idempotency key of its own. `None`:
            only looks at files and batches, and what the caller named with `idempotency_key`.
        transport: how requests travel; the network by default.
        pause: waits for some seconds.

    Example:
        ```python
        from orchestrator.client import Client, Retries

        with Client("http://127.0.0.1:8000", retries=Retries(max_attempts=3)) as client:
            answer = client.chat("What is the capital of Kenya?")
            print(answer.text)  # Nairobi
        ```
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 120.0,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        settings = Settings(
            base_url=base_url, api_key=api_key, timeout_s=timeout_s, retries=retries
        )
        to = Connection(settings, transport=transport, pause=pause)
        Asking.__init__(self, to)
        Steering.__init__(self, to)

    def close(self) -> None:
        """Close all connections.

        Example:
            ```python
            from orchestrator.client import Client

            client = Client("http://127.0.0.1:8000")
            print(len(client.models()) > 1)  # True
            client.close()
            ```
        """
        self._to.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
