"""What callers name by an idempotency key is made once."""

import asyncio
from dataclasses import replace

import pytest

from orchestrator.batch.asked import NewBatch, Page
from orchestrator.batch.files import Files
from orchestrator.batch.repeated import NAMED_S
from orchestrator.batch.storage_memory import MemoryStorage
from orchestrator.batch.stored_file import StoredFile
from orchestrator.errors import KeyReusedError
from tests.batch_desk import CHAT, Desk, lines, uploaded


async def asked_by(desk: Desk, **fields) -> NewBatch:
    file = await uploaded(desk.storage, lines(2))
    await desk.office.register(file)
    named = {"endpoint": CHAT, "completion_window": "24h", "once": "k1"}
    return NewBatch(input_file_id=file.id, **named, **fields)


async def all_of(desk: Desk) -> list[str]:
    return [one.id for one in (await desk.office.batches(Page(), owner=""))[0]]


async def test_a_batch_that_is_asked_for_again_by_its_name_is_the_same_one():
    async with Desk() as desk:
        asked = await asked_by(desk)
        begun = await asyncio.gather(*(desk.office.create(asked, owner="") for _ in range(5)))

        assert await all_of(desk) == [begun[0].id]
        assert {one.id for one in begun} == {begun[0].id}


async def test_whoever_hung_up_while_a_batch_was_made_finds_it_by_its_name():
    async with Desk() as desk:
        asked = await asked_by(desk)
        making = asyncio.create_task(desk.office.create(asked, owner=""))
        await asyncio.sleep(0)
        making.cancel()

        again = await desk.office.create(asked, owner="")

        assert await all_of(desk) == [again.id]


async def test_a_name_outlives_who_keeps_batches():
    storage = MemoryStorage()
    async with Desk(storage) as desk:
        asked = await asked_by(desk)
        before = await desk.office.create(asked, owner="")
    async with Desk(storage) as desk:
        assert (await desk.office.create(asked, owner="")).id == before.id


async def test_a_name_that_stands_for_another_batch_is_refused_and_says_what_differs():
    async with Desk() as desk:
        asked = await asked_by(desk)
        before = await desk.office.create(asked, owner="")

        with pytest.raises(KeyReusedError, match=f"{before.id}.*'metadata' is another one"):
            await desk.office.create(replace(asked, metadata={"a": "b"}), owner="")


async def test_a_name_is_its_owner_s_own_and_ends_after_a_day():
    now_s = [1_000.0]
    storage = MemoryStorage()
    files = Files(storage, clock=lambda: now_s[0])

    async def kept(id_: str, *, owner: str) -> str:
        await storage.write(f"files/{id_}.content", b"x")
        file = StoredFile(
            id=id_, filename="a", purpose="batch", num_bytes=1, created_at=int(now_s[0]),
            owner=owner, once="k1", sha256="5",
        )  # fmt: skip
        return (await files.register(file)).id

    assert [await kept("f1", owner="ann"), await kept("f2", owner="ben")] == ["f1", "f2"]
    assert await kept("f3", owner="ann") == "f1"
    now_s[0] += NAMED_S
    assert await kept("f4", owner="ann") == "f4"
