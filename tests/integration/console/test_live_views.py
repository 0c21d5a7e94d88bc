"""Slots and batches as they change: within a second, and never silently out of date."""

import time
from dataclasses import replace

import pytest
from playwright.async_api import expect

from orchestrator.batch.progress import BatchProgress
from tests.console_site import busy, ready
from tests.kept_batches import batch

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

#: What the issue allows between a change and its sight, seconds.
LIVE_S = 1.0


@pytest.fixture
async def slots(opened, site):
    await opened.page.keyboard.press("Escape")
    await opened.page.get_by_role("tab", name="Slots").click()
    await expect(opened.page.get_by_role("region", name="Slot gpu-0")).to_be_visible()
    return opened.page


async def seen_within(page, words, *, of):
    """Seconds until a place of the page says these words."""
    began = time.perf_counter()
    await page.wait_for_function(
        "([of, words]) => document.querySelector(of)?.textContent.includes(words)",
        arg=[of, words],
        polling="raf",
    )
    return time.perf_counter() - began


async def test_slots_say_engines_residents_queues_and_what_keeps_them(slots):
    busy_one = slots.get_by_role("region", name="Slot gpu-0")
    swapping = slots.get_by_role("region", name="Slot gpu-1")
    silent = slots.get_by_role("region", name="Slot gpu-3")

    await expect(busy_one.get_by_role("list", name="Resident")).to_contain_text("capitals pinned6")
    await expect(busy_one.get_by_role("list", name="Waiting calls")).to_contain_text("3 waiting")
    await expect(busy_one).to_contain_text("3 calls wait for roman, the first for 0.80 s")
    await expect(swapping.get_by_role("status")).to_contain_text("swap to sort")
    await expect(silent).to_contain_text("its worker gave no answer in 1 s")


async def test_a_change_is_seen_within_a_second(slots, site):
    key = site.expert_key("roman")
    for number in (41, 42, 43, 44, 45):
        site.say(busy(key, waits=key, pinned=key, num_waiting=number))

        took_s = await seen_within(slots, f"{number} waiting", of=".slot .queues")

        assert took_s < LIVE_S


async def test_nothing_is_asked_while_nobody_looks(opened, slots):
    await _hide(slots, is_hidden=True)
    await expect(slots.get_by_role("status").first).to_have_text("Paused")
    asked = len(opened.asked)

    await slots.wait_for_timeout(1500)  # three times what lies between two looks
    assert len(opened.asked) == asked
    await _hide(slots, is_hidden=False)

    await expect(slots.get_by_role("status").first).to_have_text("Live")


async def test_what_was_not_heard_for_a_while_is_stale_and_comes_back(opened, slots):
    await opened.page.context.set_offline(True)
    await expect(slots.get_by_role("status").first).to_contain_text("Stale, seen", timeout=10_000)
    await expect(slots.get_by_role("alert")).to_contain_text("The service does not answer")
    await expect(slots.get_by_role("region", name="Slot gpu-0")).to_be_visible()

    await opened.page.context.set_offline(False)

    await expect(slots.get_by_role("status").first).to_have_text("Live")
    await expect(slots.get_by_role("alert")).to_have_count(0)


async def test_experts_are_found_by_name_and_slot(slots):
    experts = slots.get_by_role("region", name="Experts").last
    await slots.get_by_label("Find experts").fill("GPU-2 fr")

    await expect(experts.get_by_role("rowheader")).to_have_count(1)
    await expect(experts.get_by_role("rowheader")).to_contain_text("french")
    await slots.get_by_label("Find experts").fill("nobody")
    await expect(experts).to_contain_text("No expert has “nobody”")


async def test_a_wish_is_granted_and_told(slots, site):
    await slots.get_by_role("button", name="load units").click()

    await expect(slots.get_by_text("load units: done at gpu-2")).to_be_visible()
    assert [kind for kind, _ in site.slots.steered.wishes] == ["load"]


async def test_a_wish_that_cannot_be_granted_says_why(slots):
    await slots.get_by_role("button", name="load judge").click()

    await expect(slots.get_by_role("alert")).to_contain_text("judge")


async def test_a_slot_without_anything_is_a_card_too(slots, site):
    site.say(ready("gpu-0", device_gib=0.0, device_room_gib=None, num_admitted=0, num_hits=0))

    await expect(slots.get_by_role("region", name="Slot gpu-0")).not_to_contain_text("llama")


async def test_a_batch_is_drawn_with_its_plan_and_counts_on(opened, site):
    page = opened.page
    await page.get_by_role("tab", name="Batches").click()
    view = page.get_by_role("region", name="Batch batch_7f3a2c")
    await expect(view).to_contain_text("1,478 of 2,400 lines, 3 failed")
    await expect(view.locator(".run.predicted").first).to_be_visible()
    await expect(view.locator(".run.happened").first).to_be_visible()
    (now,) = site.batches.scripts["batch_7f3a2c"]
    counts = now.batch.request_counts.model_copy(update={"completed": 2001})

    site.batches.scripts["batch_7f3a2c"] = [
        replace(now, batch=now.batch.model_copy(update={"request_counts": counts}))
    ]

    assert await seen_within(page, "2,004 of 2,400", of=".batch") < LIVE_S


async def test_the_plan_can_be_read_as_a_table(page):
    await page.get_by_role("tab", name="Batches").click()
    await page.get_by_text("As a table").click()

    row = page.get_by_role("region", name="Runs").get_by_role("row").nth(1)
    await expect(row).to_contain_text("predictedgpu-0capitals108")


async def test_a_batch_is_cancelled(page):
    await page.get_by_role("tab", name="Batches").click()
    await page.get_by_role("button", name="Cancel batch").click()

    await expect(page.get_by_role("region", name="Batch batch_7f3a2c")).to_contain_text("cancelled")


async def test_faults_of_a_batch_are_told_with_their_lines(page, site):
    fault = {"code": "invalid", "message": "model 'mth' is not known", "line": 7, "param": None}
    failed = batch("failed", id="batch_bad", errors=(fault,))
    site.batches.scripts["batch_bad"] = [BatchProgress(batch=failed)]
    await page.get_by_role("tab", name="Batches").click()

    view = page.get_by_role("region", name="Batch batch_bad")
    await expect(view).to_contain_text("Line 7: model 'mth' is not known")


async def _hide(page, *, is_hidden: bool) -> None:
    """Have the page believe that its tab is in the background, as the browser would tell it."""
    await page.evaluate(
        """(is) => {
            Object.defineProperty(document, "hidden", { value: is, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        is_hidden,
    )
