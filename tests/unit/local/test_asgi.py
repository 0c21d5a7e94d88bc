"""A request to an application in the same loop."""

import asyncio

import httpx
import pytest

from orchestrator.local.asgi import Exchange

START = {"type": "http.response.start", "status": 200, "headers": [(b"x-by", b"app")]}


def body(text, *, more=False):
    return {"type": "http.response.body", "body": text, "more_body": more}


class Writes:
    """Writes a piece; the next one once it may go on, if ever."""

    def __init__(self, *, crashes=False):
        self.may_go_on = asyncio.Event()
        self.is_cancelled = False
        self.asked = []
        self._crashes = crashes

    async def __call__(self, scope, receive, send):
        self.asked.append((scope["method"], scope["path"], (await receive())["body"]))
        await send(START)
        await send(body(b"one", more=True))
        try:
            await self.may_go_on.wait()
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise
        if self._crashes:
            return
        await send(body(b"two"))


def request(**more):
    return httpx.Request("POST", "http://localhost/v1/x?y=1", content=b"hello", **more)


async def test_an_answer_is_read_as_it_is_written():
    application = Writes()
    exchange = Exchange(application, request())

    assert await exchange.begin() == (200, [(b"x-by", b"app")])
    assert await exchange.piece() == b"one"
    application.may_go_on.set()
    assert [await exchange.piece(), await exchange.piece()] == [b"two", None]
    await exchange.close()
    assert application.asked == [("POST", "/v1/x", b"hello")]


async def test_who_hangs_up_ends_the_work_at_once():
    application = Writes()
    exchange = Exchange(application, request())
    await exchange.begin()

    await exchange.close()

    assert application.is_cancelled


async def test_silence_that_lasts_longer_than_allowed_is_an_error():
    exchange = Exchange(Writes(), request(extensions={"timeout": {"read": 0.01}}))
    await exchange.begin()
    await exchange.piece()

    with pytest.raises(httpx.ReadTimeout, match=r"silent for 0\.01 s"):
        await exchange.piece()
    await exchange.close()


async def test_who_gives_up_before_the_answer_begins_leaves_nothing_running():
    begun, ended = asyncio.Event(), asyncio.Event()

    async def silent(scope, receive, send):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    asking = asyncio.create_task(Exchange(silent, request()).begin())
    await begun.wait()
    asking.cancel()
    await asyncio.wait([asking])

    assert ended.is_set()


async def test_an_answer_that_breaks_off_is_no_answer():
    application = Writes(crashes=True)
    exchange = Exchange(application, request())
    await exchange.begin()
    application.may_go_on.set()

    assert await exchange.piece() == b"one"
    with pytest.raises(httpx.RemoteProtocolError, match="broke off"):
        await exchange.piece()
    await exchange.close()
