"""Values between two processes of ours."""

import asyncio
import socket
from types import MappingProxyType

import pytest

from orchestrator.local.wire import Ask, Wire


@pytest.fixture
async def wires():
    made = [await Wire.over(end) for end in socket.socketpair()]
    yield made
    for one in made:
        await one.close()


async def test_values_arrive_whole_and_in_order(wires):
    ours, theirs = wires
    long = Ask(number=1, method="generate", argument="x" * 300_000)

    ours.send(long)
    ours.send(Ask(number=2, method="hint", argument=None))

    assert await theirs.receive() == long
    assert (await theirs.receive()).number == 2


async def test_a_view_of_books_arrives_as_they_were(wires):
    ours, theirs = wires
    books = {"math": 1.5}

    ours.send(MappingProxyType(books))
    books["math"] = 2.5

    assert await theirs.receive() == {"math": 1.5}


async def test_who_hangs_up_is_heard_by_who_waits(wires):
    ours, theirs = wires
    waiting = asyncio.create_task(theirs.receive())

    await ours.close()

    assert await waiting is None


async def test_what_is_sent_to_who_hung_up_is_lost_without_a_word(wires):
    ours, theirs = wires
    await theirs.close()
    assert await ours.receive() is None

    ours.send("lost")

    assert await ours.receive() is None


async def test_a_value_that_was_torn_off_is_the_end():
    ours, theirs = socket.socketpair()
    wire = await Wire.over(theirs)
    with ours:
        ours.sendall((99).to_bytes(8) + b"half")

    assert await wire.receive() is None
    await wire.close()
