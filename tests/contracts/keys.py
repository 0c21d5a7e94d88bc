"""What every `KeyRecords` does; subclasses bring the fixture."""

import asyncio

from orchestrator.store.keys import KeyRecords, StoredKey


def stored_key(number: int = 1, **fields) -> StoredKey:
    said = {
        "id": f"key-{number}",
        "name": "ann",
        "digest": f"{number:064x}",
        "prefix": "abcdef",
        "created_s": 1_000.0 + number,
    }
    return StoredKey(**(said | fields))


class KeyRecordsContract:
    """Needs a fixture `keys`, empty."""

    async def test_a_key_is_found_as_it_was_put(self, keys: KeyRecords):
        put = stored_key(1, terms={"models": ["é"], "budget_usd": 0.1}, tags=("a b",))

        assert await keys.put(put)

        assert await keys.find("key-1") == put
        assert await keys.find("key-2") is None
        assert await keys.every() == [put]

    async def test_the_next_edition_takes_the_place_of_the_one_before(self, keys: KeyRecords):
        await keys.put(stored_key(1))

        assert await keys.put(stored_key(1, edition=2, name="ben"))

        assert [one.name for one in await keys.every()] == ["ben"]

    async def test_of_two_edits_of_the_same_state_one_is_kept(self, keys: KeyRecords):
        await keys.put(stored_key(1))
        edits = [stored_key(1, edition=2, name=name) for name in ("ben", "cy")]

        kept = await asyncio.gather(*map(keys.put, edits))

        assert sorted(kept) == [False, True]
        assert await keys.find("key-1") == edits[kept.index(True)]

    async def test_a_new_key_takes_no_other_s_place_and_none_begins_later(self, keys: KeyRecords):
        await keys.put(stored_key(1))

        assert await keys.put(stored_key(1))  # the same again, as after a lost answer
        assert not await keys.put(stored_key(1, name="ben"))
        assert not await keys.put(stored_key(2, edition=2))
        assert await keys.every() == [stored_key(1)]

    async def test_what_is_removed_is_gone_once(self, keys: KeyRecords):
        await keys.put(stored_key(1))
        await keys.note_use("key-1", "2030-01-01")

        removed = [await keys.remove("key-1"), await keys.remove("key-1")]

        assert removed == [True, False]
        assert (await keys.every(), await keys.days_used()) == ([], {})

    async def test_every_change_of_a_key_has_its_own_revision(self, keys: KeyRecords):
        seen = [await keys.revision()]
        await keys.put(stored_key(1))
        seen.append(await keys.revision())
        await keys.put(stored_key(1, edition=2))
        seen.append(await keys.revision())
        await keys.remove("key-1")
        seen.append(await keys.revision())
        await keys.remove("key-1")
        await keys.put(stored_key(2, edition=7))
        await keys.note_use("key-1", "2030-01-01")

        assert len(set(seen)) == 4
        assert await keys.revision() == seen[-1]

    async def test_changes_are_told_to_who_listens(self, keys: KeyRecords):
        changes = keys.changes()
        heard = asyncio.ensure_future(anext(changes))
        number = 0
        async with asyncio.timeout(5):
            while not heard.done():  # until the listening has begun
                number += 1
                await keys.put(stored_key(number))
                await asyncio.wait([heard], timeout=0.02)

        assert heard.result() is None
        await changes.aclose()

    async def test_the_last_day_of_use_is_kept(self, keys: KeyRecords):
        for key_id, day in (("key-1", "2030-01-01"), ("key-2", "x"), ("key-1", "2030-01-02")):
            await keys.note_use(key_id, day)

        assert await keys.days_used() == {"key-1": "2030-01-02", "key-2": "x"}
