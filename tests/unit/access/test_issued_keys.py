import asyncio

import pytest

from orchestrator.access.caller import ADMIN
from orchestrator.access.keys import revoked, rotated
from orchestrator.access.terms import Terms
from orchestrator.errors import StoreError, UnauthenticatedError
from orchestrator.store.keys import StoredKey
from orchestrator.store.memory_keys import MemoryKeys
from tests.keyrings import ADMIN_KEY, NOW_S, Keys


class CountingKeys(MemoryKeys):
    """Counts looks, and lets each end when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.num_looks = 0
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.has_begun = asyncio.Event()

    async def revision(self) -> str:
        self.num_looks += 1
        self.has_begun.set()
        await self.may_end.wait()
        return await super().revision()


async def test_a_key_is_known_with_its_terms_and_owns_what_is_its_own():
    keys = Keys()
    key, header = await keys.issue(models=("math",), priority=3)

    caller = await keys.ring().caller_of(header)

    assert (caller.key_id, caller.owner, caller.is_admin) == (key.id, key.id, False)
    assert caller.terms == Terms(models=("math",), priority=3)
    assert await keys.ring().caller_of_owner(key.id) == caller


async def test_the_admin_key_of_the_settings_is_known_without_a_store():
    keys = Keys()
    keys.records.is_away = True

    assert await keys.ring().caller_of(f"Bearer {ADMIN_KEY}") == ADMIN
    assert await keys.ring().caller_of_owner("admin") == ADMIN


@pytest.mark.parametrize(
    "guess",
    ["Bearer x", f"Bearer {ADMIN_KEY}x", f"Bearer {ADMIN_KEY[:-1]}", "Bearer sk-orc-" + "A" * 43],
)
async def test_who_guesses_is_refused(guess):
    keys = Keys()
    await keys.issue()

    with pytest.raises(UnauthenticatedError, match="none of this service") as refused:
        await keys.ring().caller_of(guess)

    assert guess.removeprefix("Bearer ") not in refused.value.message


async def test_the_digest_of_a_key_is_no_key():
    keys = Keys()
    key, _ = await keys.issue()

    with pytest.raises(UnauthenticatedError):
        await keys.ring().caller_of(f"Bearer {key.digest}")


async def test_requests_of_known_keys_ask_the_store_nothing():
    keys = Keys(records=CountingKeys())
    _, header = await keys.issue()
    ring = keys.ring()
    await ring.look()

    for _ in range(100):
        await ring.caller_of(header)

    assert keys.records.num_looks == 1


async def test_a_key_made_elsewhere_works_here_at_once():
    keys = Keys()
    ring = keys.ring()
    await ring.look()

    key, header = await keys.issue()

    assert (await ring.caller_of(header)).key_id == key.id


async def test_a_batch_of_a_key_made_elsewhere_is_answered_here_at_once():
    keys = Keys()
    ring = keys.ring()
    await ring.look()

    key, _ = await keys.issue()

    assert (await ring.caller_of_owner(key.id)).owner == key.id


async def test_guesses_at_the_same_time_share_their_looks():
    keys = Keys(records=CountingKeys())
    ring = keys.ring()
    keys.records.may_end.clear()
    guesses = [asyncio.create_task(ring.caller_of(f"Bearer {n}")) for n in range(500)]
    await keys.records.has_begun.wait()
    late = asyncio.create_task(ring.caller_of("Bearer late"))
    keys.records.may_end.set()

    ends = await asyncio.gather(*guesses, late, return_exceptions=True)

    assert all(isinstance(end, UnauthenticatedError) for end in ends)
    assert keys.records.num_looks <= 3


async def test_a_revoked_key_ends_at_the_next_look_on_every_gateway():
    keys = Keys()
    key, header = await keys.issue()
    one, other = keys.ring(), keys.ring()
    for ring in (one, other):
        await ring.caller_of(header)

    await keys.records.put(revoked(key, now_s=NOW_S))

    for ring in (one, other):
        await ring.look()
        with pytest.raises(UnauthenticatedError, match="was revoked"):
            await ring.caller_of(header)
        with pytest.raises(UnauthenticatedError, match="was revoked"):
            await ring.caller_of_owner(key.id)


async def test_both_secrets_of_a_rotated_key_work_during_its_grace():
    keys = Keys()
    key, header = await keys.issue()
    after = rotated(key, grace_s=60, now_s=NOW_S)
    await keys.records.put(after.key)
    ring = keys.ring()

    found = [await ring.caller_of(one) for one in (header, f"Bearer {after.secret}")]
    keys.clock.now_s += 60

    assert {one.key_id for one in found} == {key.id}
    with pytest.raises(UnauthenticatedError, match="was rotated"):
        await ring.caller_of(header)


async def test_while_the_store_is_away_known_keys_work_until_they_expire():
    keys = Keys()
    _, header = await keys.issue(expires_s=NOW_S + 30)
    ring = keys.ring()
    await ring.look()
    keys.records.is_away = True
    with pytest.raises(StoreError):
        await ring.look()

    assert (await ring.caller_of(header)).key_id
    with pytest.raises(StoreError, match="not seen before"):
        await ring.caller_of("Bearer never-seen")
    keys.clock.now_s += 30
    with pytest.raises(UnauthenticatedError, match="expired"):
        await ring.caller_of(header)


async def test_without_ever_having_seen_the_store_nobody_is_let_in():
    keys = Keys()
    key, header = await keys.issue()
    keys.records.is_away = True
    ring = keys.ring()

    with pytest.raises(StoreError, match="keys cannot be read now"):
        await ring.caller_of(header)
    with pytest.raises(StoreError):
        await ring.caller_of_owner(key.id)
    keys.records.is_away, keys.clock.now_s = False, NOW_S + 1

    assert (await ring.caller_of(header)).key_id == key.id


async def test_a_removed_key_and_owners_of_an_open_service_are_nobody():
    keys = Keys()
    key, header = await keys.issue()
    ring = keys.ring()
    await ring.caller_of(header)
    await keys.records.remove(key.id)
    await ring.look()

    with pytest.raises(UnauthenticatedError, match="none of this service"):
        await ring.caller_of(header)
    with pytest.raises(UnauthenticatedError, match="has been removed"):
        await ring.caller_of_owner(key.id)
    with pytest.raises(UnauthenticatedError, match="no key of this service"):
        await ring.caller_of_owner("")


async def test_days_of_use_are_told_once_a_key_and_day():
    keys = Keys()
    key, header = await keys.issue()
    ring = keys.ring()
    for _ in range(3):
        await ring.caller_of(header)
    assert await keys.records.days_used() == {}

    await ring.look()
    assert await keys.records.days_used() == {key.id: "2033-05-18"}  # 2,000,000,000 s
    keys.clock.now_s += 86_400
    await ring.caller_of(header)
    await ring.look()

    assert await keys.records.days_used() == {key.id: "2033-05-19"}


async def test_one_key_that_cannot_be_read_keeps_nobody_else_out():
    keys = Keys()
    _, header = await keys.issue()
    odd = StoredKey(id="key-odd", name="x", digest="0" * 64, prefix="x", created_s=0.0)
    await keys.records.put(odd.model_copy(update={"terms": {"unheard_of": 1}}))

    assert (await keys.ring().caller_of(header)).key_id
