"""Edits on their way: what is live stays valid, whatever is tried."""

import asyncio
import json
import threading

import pytest

from orchestrator import metrics
from orchestrator.errors import ConflictError, RegistryError, StoreError
from orchestrator.registry.attempt import Attempt
from orchestrator.registry.rollout import Limits, Settled
from tests.rollouts import UNWILLING, Site, edit_of


async def begun(site: Site, *experts: str) -> Attempt | Settled:
    return await site.rollout.offer(await site.rollout.examine(edit_of(*experts)))


async def test_an_edit_with_faults_changes_nothing_and_is_told_with_every_place():
    site = Site()
    await site.rollout.apply(edit_of("maths"))

    with pytest.raises(RegistryError, match="bad id!") as caught:
        await site.rollout.apply(edit_of("maths", "'bad id!'"))

    status = site.rollout.status()
    assert (caught.value.faults[0].line, caught.value.status) == (4, 400)
    assert (status.live.number, status.is_valid) == (1, False)
    assert (status.last_error.code, status.last_error.faults[0].key) == (
        "registry_invalid", "experts[1].id",
    )  # fmt: skip
    assert site.crowd.prepared == [1]


async def test_what_a_replica_cannot_serve_is_given_up_with_its_reason():
    site = Site()
    await site.rollout.apply(edit_of("maths"))
    site.crowd.breaks = UNWILLING

    with pytest.raises(RegistryError, match="gateway 'g1' cannot load router 'topic'"):
        await site.rollout.apply(edit_of("code"))

    status = site.rollout.status()
    assert (await site.generations.live_number(), status.last_error.number) == (1, 2)
    assert status.preparing is None
    assert site.crowd.noted == [1]


async def test_a_replica_that_is_never_ready_is_named_when_time_is_up():
    site = Site(limits=Limits(prepare_s=0.01))
    site.crowd.hold()

    with pytest.raises(RegistryError, match=r"in 0\.01 s; slot 'local': engine 'maths' starts"):
        await site.rollout.apply(edit_of("maths"))

    assert await site.generations.live_number() is None
    assert site.crowd.dropped == [1]


async def test_a_participant_that_falls_over_is_an_error_and_not_silence():
    site = Site()
    site.crowd.breaks = ZeroDivisionError("oops")

    with pytest.raises(RegistryError, match="generation 1 was given up: ZeroDivisionError"):
        await site.rollout.apply(edit_of("maths"))


async def test_without_the_store_the_old_generation_serves_on():
    site = Site()
    await site.rollout.apply(edit_of("maths"))
    await site.store.close()

    with pytest.raises(StoreError):
        await site.rollout.apply(edit_of("code"))

    assert site.rollout.status().live.number == 1
    assert site.rollout.status().last_error.code == "store_unavailable"


async def test_an_edit_that_builds_on_another_generation_is_refused():
    site = Site()
    await site.rollout.apply(edit_of("maths"))

    with pytest.raises(ConflictError, match="generation 1 is live, not '7'"):
        await site.rollout.apply(edit_of("code"), expected="7")

    assert site.rollout.status().is_valid
    sha256 = site.rollout.status().live.sha256
    assert (await site.rollout.apply(edit_of("code"), expected=sha256)).number == 2
    assert (await site.rollout.apply(edit_of("maths"), expected="2")).number == 3


async def test_an_edit_is_prepared_flipped_and_noted():
    site = Site()

    record = await site.rollout.apply(edit_of("maths"))

    assert (record.number, record.source) == (1, "request")
    assert await site.generations.live() == record
    assert (site.crowd.prepared, site.crowd.noted) == ([1], [1])
    assert site.rollout.status().is_valid


async def test_an_edit_that_says_the_same_makes_no_generation():
    site = Site()
    await site.rollout.apply(edit_of("maths"))

    again = await begun(site, "maths")

    assert isinstance(again, Settled)
    assert (again.live.number, site.crowd.prepared) == (1, [1])


async def test_a_success_clears_the_last_error():
    site = Site()
    with pytest.raises(RegistryError):
        await site.rollout.apply(edit_of())

    await site.rollout.apply(edit_of("maths"))

    assert (site.rollout.status().is_valid, site.rollout.status().last_error) == (True, None)


async def test_what_is_being_prepared_is_told_with_who_is_late():
    site = Site()
    site.crowd.hold()
    attempt = await begun(site, "maths")

    preparing = site.rollout.status().preparing

    assert (preparing.number, preparing.since_s) == (1, 100.0)
    assert preparing.waiting_for == {"slot 'local'": "engine 'maths' starts"}
    site.crowd.is_free.set()
    await attempt.outcome()
    assert site.rollout.status().gateways == {"g1": 1}


async def test_a_newer_edit_takes_the_place_of_one_that_is_being_prepared():
    site = Site()
    site.crowd.hold()
    older = await begun(site, "maths")
    await site.crowd.is_asked.wait()

    newer = await begun(site, "code")
    site.crowd.is_free.set()

    assert (await newer.outcome()).number == 2
    with pytest.raises(ConflictError, match="generation 1 was given up: a newer edit"):
        await older.outcome()
    assert (site.crowd.dropped, site.crowd.noted) == ([1], [2])


async def test_an_edit_with_faults_does_not_stop_what_is_being_prepared():
    site = Site()
    site.crowd.hold()
    older = await begun(site, "maths")

    with pytest.raises(RegistryError):
        await site.rollout.apply(edit_of())
    site.crowd.is_free.set()

    assert (await older.outcome()).number == 1


async def test_the_edit_that_is_being_prepared_is_not_prepared_twice():
    site = Site()
    site.crowd.hold()
    first = await begun(site, "maths")
    await site.crowd.is_asked.wait()

    assert await begun(site, "maths") is first
    site.crowd.is_free.set()
    await first.outcome()
    assert site.crowd.prepared == [1]


async def test_going_back_to_what_is_live_gives_up_what_is_being_prepared():
    site = Site()
    await site.rollout.apply(edit_of("maths"))
    site.crowd.hold()
    changed = await begun(site, "code")
    await site.crowd.is_asked.wait()

    assert isinstance(await begun(site, "maths"), Settled)
    with pytest.raises(ConflictError):
        await changed.outcome()
    assert await site.generations.live_number() == 1


async def test_of_two_edits_that_are_checked_at_once_the_later_wins():
    site = Site()
    older = await site.rollout.examine(edit_of("maths"))
    newer = await site.rollout.examine(edit_of("code"))
    await (await site.rollout.offer(newer)).outcome()

    with pytest.raises(ConflictError, match="a newer edit"):
        await site.rollout.offer(older)


async def test_who_stops_waiting_does_not_stop_the_rollout():
    site = Site()
    site.crowd.hold()
    waiting = asyncio.create_task(site.rollout.apply(edit_of("maths")))
    await site.crowd.is_asked.wait()

    waiting.cancel()
    await asyncio.wait([waiting])
    site.crowd.is_free.set()

    assert (await begun(site, "maths")) is not None
    await site.rollout.close()
    assert site.crowd.prepared == [1]


async def test_a_successor_starts_from_the_pointer_and_forgets_the_proposal():
    site = Site()
    await site.rollout.apply(edit_of("maths"))
    site.crowd.hold()
    await begun(site, "code")
    await site.crowd.is_asked.wait()
    await site.rollout.close()

    successor = Site(site.store)
    live = await successor.rollout.settle()

    assert (live.number, successor.crowd.noted) == (1, [1])
    assert (await successor.rollout.apply(edit_of("code"))).number == 3
    await successor.rollout.settle()
    assert successor.crowd.noted == [1, 3]


async def test_a_check_that_never_ends_is_an_error():
    ends = threading.Event()
    site = Site(limits=Limits(check_s=0.01), check=lambda _edit: ends.wait())

    with pytest.raises(RegistryError, match="the check of 'request' did not end"):
        await site.rollout.examine(edit_of("maths"))
    ends.set()


async def test_a_flip_whose_answer_was_lost_is_found_to_have_happened():
    site = Site()
    site.crowd.hold()
    attempt = await begun(site, "maths")
    await site.crowd.is_asked.wait()
    site.store.loses_an_answer = True
    site.crowd.is_free.set()

    assert (await attempt.outcome()).number == 1
    assert site.crowd.noted == [1]


async def test_a_flip_that_did_not_happen_tells_the_participants_what_is_live():
    site = Site(limits=Limits(flip_s=0))
    await site.rollout.apply(edit_of("maths"))
    site.crowd.hold()
    attempt = await begun(site, "code")
    await site.crowd.is_asked.wait()
    site.store.is_away = True
    site.crowd.is_free.set()
    with pytest.raises(StoreError):
        await attempt.outcome()

    site.store.is_away = False
    await site.rollout.settle()

    assert site.crowd.noted == [1, 1]


async def test_another_owner_that_was_faster_is_noticed():
    site = Site()
    other = Site(site.store)
    site.crowd.hold()
    attempt = await begun(site, "maths")
    await site.crowd.is_asked.wait()
    await other.rollout.apply(edit_of("code"))
    site.crowd.is_free.set()

    with pytest.raises(ConflictError, match="generation 2 is live, not none"):
        await attempt.outcome()
    assert (await site.rollout.settle()).number == 2
    assert site.crowd.noted == [2]


async def test_every_decision_is_one_log_line_and_one_count(caplog):
    site = Site()
    before = {name: _count(name) for name in ("live", "invalid", "unchanged", "failed")}

    with caplog.at_level("INFO", logger="orchestrator.registry"):
        await site.rollout.apply(edit_of("maths"))
        await site.rollout.apply(edit_of("maths"))
        with pytest.raises(RegistryError):
            await site.rollout.apply(edit_of())
        site.crowd.breaks = UNWILLING
        with pytest.raises(RegistryError):
            await site.rollout.apply(edit_of("code"))

    told = [json.loads(line) for line in caplog.messages]
    assert [(one["action"], one["outcome"], one["generation"]) for one in told] == [
        ("rollout", "live", 1), ("rollout", "unchanged", 1),
        ("rollout", "invalid", None), ("rollout", "failed", 2),
    ]  # fmt: skip
    assert {name: _count(name) - was for name, was in before.items()} == dict.fromkeys(before, 1)
    assert metrics.REGISTRY_VALID._value.get() == 0


def _count(outcome: str) -> float:
    return metrics.ROLLOUTS.labels(outcome)._value.get()
