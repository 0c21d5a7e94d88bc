"""What every `Repeats` does; subclasses bring the fixture."""

import asyncio

from orchestrator.store.repeats import Claim, Repeats

YOURS = Claim(outcome="yours")


async def claim(repeats: Repeats, key: str = "k", **fields) -> Claim:
    said = {"owner": "a", "fingerprint": "f", "now_s": 1_000.0, "lease_s": 30.0}
    return await repeats.claim(key, **(said | fields))


async def keep(repeats: Repeats, key: str = "k", **fields) -> bool:
    said = {"owner": "a", "reply": b"hi", "now_s": 1_001.0, "expires_s": 100.0}
    return await repeats.keep(key, **(said | fields))


class RepeatsContract:
    """Needs a fixture `repeats`, empty, that keeps ten bytes of replies."""

    async def test_the_first_has_the_key_and_the_next_waits_for_it(self, repeats: Repeats):
        claims = [await claim(repeats), await claim(repeats, owner="b")]

        assert [one.outcome for one in claims] == ["yours", "under_way"]

    async def test_of_many_at_once_one_has_the_key(self, repeats: Repeats):
        claims = await asyncio.gather(*(claim(repeats, owner=str(n)) for n in range(20)))

        assert sorted(one.outcome for one in claims) == ["under_way"] * 19 + ["yours"]

    async def test_a_kept_reply_is_told_as_it_is(self, repeats: Repeats):
        await claim(repeats)
        is_kept = await keep(repeats, reply=b"\x00\xff")

        found = await claim(repeats, owner="b", now_s=1_100.9)

        assert (is_kept, found) == (True, Claim(outcome="answered", reply=b"\x00\xff"))

    async def test_another_request_under_the_key_is_told_apart(self, repeats: Repeats):
        await claim(repeats)
        before = await claim(repeats, fingerprint="other")
        await keep(repeats)
        after = await claim(repeats, fingerprint="other")

        assert [before.outcome, after.outcome] == ["differs", "differs"]

    async def test_a_key_whose_owner_died_is_free_when_its_lease_ends(self, repeats: Repeats):
        await claim(repeats, lease_s=30.0)

        late = [await claim(repeats, owner="b", now_s=now_s) for now_s in (1_029.9, 1_030.0)]

        assert [one.outcome for one in late] == ["under_way", "yours"]

    async def test_who_lost_a_key_can_neither_hold_it_nor_answer_for_it(self, repeats: Repeats):
        await claim(repeats)
        await claim(repeats, owner="b", now_s=1_030.0)

        held = await repeats.renew("k", owner="a", now_s=1_031.0, lease_s=30.0)
        is_kept = await keep(repeats, owner="a")
        await repeats.release("k", owner="a")

        assert (held, is_kept) == (False, False)
        assert (await claim(repeats, owner="c", now_s=1_031.0)).outcome == "under_way"

    async def test_a_key_that_is_held_on_does_not_end(self, repeats: Repeats):
        await claim(repeats)
        held = await repeats.renew("k", owner="a", now_s=1_020.0, lease_s=30.0)

        assert held
        assert (await claim(repeats, owner="b", now_s=1_049.0)).outcome == "under_way"

    async def test_a_released_key_is_free_for_any_request(self, repeats: Repeats):
        await claim(repeats)
        await repeats.release("k", owner="a")

        assert await claim(repeats, owner="b", fingerprint="other") == YOURS

    async def test_a_reply_ends_and_the_key_is_free(self, repeats: Repeats):
        await claim(repeats)
        await keep(repeats, now_s=1_000.0, expires_s=100.0)

        assert await claim(repeats, owner="b", fingerprint="other", now_s=1_100.0) == YOURS

    async def test_a_reply_is_not_released(self, repeats: Repeats):
        await claim(repeats)
        await keep(repeats)
        await repeats.release("k", owner="a")

        assert (await claim(repeats, owner="b")).outcome == "answered"

    async def test_the_replies_that_end_first_go_when_they_are_too_long(self, repeats: Repeats):
        for number, key in enumerate(("old", "new", "last")):
            await claim(repeats, key)
            await keep(repeats, key, reply=b"12345", now_s=1_000.0 + number)

        found = {key: (await claim(repeats, key, owner="b")).outcome for key in ("new", "last")}

        assert found == {"new": "answered", "last": "answered"}
        assert await claim(repeats, "old", owner="b") == YOURS

    async def test_a_key_under_way_does_not_go_for_want_of_room(self, repeats: Repeats):
        await claim(repeats, "busy", lease_s=5.0)
        for key in ("one", "two", "three"):
            await claim(repeats, key)
            await keep(repeats, key, reply=b"12345")

        assert (await claim(repeats, "busy", owner="b")).outcome == "under_way"
