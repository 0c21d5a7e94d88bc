"""The way to Redis: its connections, every error of it a `StoreError`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from orchestrator.errors import SetupError, StoreError
from orchestrator.guards.redaction import without_login
from orchestrator.store.lane import Lane


class RedisLink:
    """Connections to one Redis.

    Args:
        url: `redis://host:port/db`, `rediss://...` or `unix:///path`.
        timeout_s: for connecting and for each answer.
        prefix: put before every key and channel, so that a Redis can be shared.

    Raises:
        SetupError: the URL is none of these.
    """

    def __init__(self, url: str, *, timeout_s: float = 2.0, prefix: str = "orchestrator:") -> None:
        self.prefix = prefix
        self._timeout_s = timeout_s
        self._address = _address(url)
        #: For what may be done twice: tries again once, since idle connections die unnoticed.
        self.client = self._connect(url, num_retries=1)
        #: For what must not be done twice, or go on silently over a new connection.
        self.once = self._connect(url, num_retries=0)
        #: The same for what callers wait for.
        self.lane = Lane(self.once.connection_pool, timeout_s=timeout_s)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Translate whatever Redis, its client or the network raises inside the block.

        Args:
            what: the action, as in "could not `what`".

        Raises:
            StoreError: naming the action, the address and the cause.
        """
        try:
            yield
        except (RedisError, OSError, TimeoutError) as error:
            cause = str(error) or type(error).__name__
            raise StoreError(
                f"the store at {self._address} could not {what} (limit {self._timeout_s:g} s): "
                f"{cause}",
                retry_after_s=1.0,
            ) from error

    async def close(self) -> None:
        """Close every connection."""
        with self.doing("close"):
            await self.lane.close()
            await self.client.aclose()
            await self.once.aclose()

    def _connect(self, url: str, *, num_retries: int) -> Redis:
        retry = Retry(NoBackoff(), num_retries, supported_errors=(RedisConnectionError,))
        try:
            return Redis.from_url(
                url,
                socket_timeout=self._timeout_s,
                socket_connect_timeout=self._timeout_s,
                retry=retry,
            )
        except ValueError:
            # Its words quote what follows a colon, which may be the password.
            raise SetupError(
                f"store.url {self._address!r} is no URL of a Redis: give redis://host:port/db, "
                "rediss://... or unix:///path, with signs of a password in percent form"
            ) from None


def _address(url: str) -> str:
    """`url` without user and password, which do not belong into messages, nor what `?` begins."""
    return without_login(url).partition("?")[0]
