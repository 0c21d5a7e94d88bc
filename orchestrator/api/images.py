"""Images that callers name by URL: fetched here, from public addresses, and handed on as bytes.

Whoever follows a caller's URL reaches what stands behind its own firewall: an upstream in our
network, a library in our process. So nobody does but this module, and what it fetches goes on as
a data URL.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import aiohttp
from aiohttp.abc import AbstractResolver

from orchestrator.api.image_settings import ImageSettings
from orchestrator.compositions.base import Query
from orchestrator.engines.base import Chat, ImagePart, Part
from orchestrator.errors import InvalidRequestError, OverloadedError
from orchestrator.guards.connecting import guarded_connector, refused
from orchestrator.guards.policy import url_fault

#: Requests of a gateway whose images are fetched at once: each may hold all its bytes in memory.
_MAX_FETCHES = 32
_PIECE_BYTES = 65_536
_KIND = re.compile(r"image/[a-z0-9.+-]{1,64}")


class Images:
    """Fetches images for one endpoint.

    Args:
        settings: what may be fetched, from where.
        resolver: looks names up; as the system does, by default.
    """

    def __init__(self, settings: ImageSettings, resolver: AbstractResolver | None = None) -> None:
        self._settings = settings
        self._policy = settings.policy
        self._resolver = resolver
        self._num_fetching = 0

    async def brought(self, query: Query) -> Query:
        """`query` with the bytes of its images in the place of their URLs.

        Called once its caller was let in, and cancelled where it hangs up.

        Raises:
            InvalidRequestError: an image cannot be had; names which, and why.
            OverloadedError: too many requests have theirs fetched now.
        """
        urls = list(dict.fromkeys(_urls(query)))
        if not urls:
            return query
        for number, url in enumerate(urls, start=1):
            self._check(url, number)
        if self._settings.urls == "pass":
            return query
        if self._num_fetching >= _MAX_FETCHES:
            raise OverloadedError(
                f"the images of {_MAX_FETCHES} requests are being fetched already; try again, or "
                "send the image as a data URL"
            )
        self._num_fetching += 1
        try:
            return _with_urls(query, await self._all(urls))
        finally:
            self._num_fetching -= 1

    def _check(self, url: str, number: int) -> None:
        if self._settings.urls == "refuse":
            raise _fault(number, "images come as data URLs alone here: data:image/...;base64,...")
        if number > self._settings.max_images:
            raise _fault(number, f"at most {self._settings.max_images} images may have a URL")
        fault = url_fault(url, self._policy)
        if fault is not None:
            raise _fault(number, f"{fault}; send a public URL, or the image as a data URL")

    async def _all(self, urls: Sequence[str]) -> dict[str, str]:
        connector = guarded_connector(self._policy, resolver=self._resolver)
        found: dict[str, str] = {}
        ends_s = asyncio.get_running_loop().time() + self._settings.timeout_s
        room = self._settings.max_bytes
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            for number, url in enumerate(urls, start=1):
                with self._translated(number):
                    async with asyncio.timeout_at(ends_s):
                        kind, content = await _read(session, url, number=number, room=room)
                room -= len(content)
                found[url] = f"data:{kind};base64,{base64.b64encode(content).decode()}"
        return found

    @contextmanager
    def _translated(self, number: int) -> Iterator[None]:
        try:
            yield
        except TimeoutError as exc:
            raise _fault(number, f"not there within {self._settings.timeout_s:g} s") from exc
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            why = refused(exc) or f"it cannot be fetched ({type(exc).__name__})"
            raise _fault(number, f"{why}") from exc


async def _read(
    session: aiohttp.ClientSession, url: str, *, number: int, room: int
) -> tuple[str, bytes]:
    """An image's kind and its bytes, of which there is `room` for."""
    head = {"Accept": "image/*", "Accept-Encoding": "identity"}
    async with session.get(url, allow_redirects=False, headers=head) as got:
        kind = got.content_type.lower()
        if 300 <= got.status < 400:
            raise _fault(number, f"its host answers {got.status}, and redirects are not followed")
        if got.status != 200:
            raise _fault(number, f"its host answers {got.status}")
        if _KIND.fullmatch(kind) is None:
            raise _fault(number, f"it is no image but {kind[:64]!r}")
        content = bytearray()
        async for piece in got.content.iter_chunked(_PIECE_BYTES):
            content += piece
            if len(content) > room:
                raise _fault(number, f"it has more than the {room} bytes that are left for it")
        return kind, bytes(content)


def _urls(query: Query) -> Iterator[str]:
    if isinstance(query.prompt, Chat):
        for turn in query.prompt.messages:
            for part in turn.content:
                if isinstance(part, ImagePart) and not part.url.startswith("data:"):
                    yield part.url


def _with_urls(query: Query, url_by_url: dict[str, str]) -> Query:
    assert isinstance(query.prompt, Chat)

    def brought(part: Part) -> Part:
        if not isinstance(part, ImagePart) or part.url not in url_by_url:
            return part
        return replace(part, url=url_by_url[part.url])

    turns = (
        replace(turn, content=tuple(map(brought, turn.content))) for turn in query.prompt.messages
    )
    return replace(query, prompt=replace(query.prompt, messages=tuple(turns)))


def _fault(number: int, why: str) -> InvalidRequestError:
    return InvalidRequestError(f"image {number} of the request: {why}", param="image_url")
