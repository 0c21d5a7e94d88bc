"""A prompt is answered in the page, with its stages and the reasons of its route."""

import asyncio

import pytest
from playwright.async_api import expect

from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError
from tests.console_browser import window
from tests.console_site import console_site, says

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


async def ask(page, text, *, model="auto"):
    await page.get_by_label("Model").select_option(model)
    await page.get_by_label("Prompt", exact=True).fill(text)
    await page.keyboard.press("Control+Enter")


async def test_an_answer_is_told_with_who_answered_and_why(opened):
    await ask(opened.page, "What is the capital of Kenya?")

    await expect(opened.page.locator(".turn.assistant")).to_contain_text("Nairobi")
    route = opened.page.get_by_role("region", name="Route")
    await expect(route).to_contain_text("category 'capitals'")
    scores = route.get_by_role("list", name="Scores")
    await expect(scores).to_contain_text("capitals1.00")
    track, bar = [await part.bounding_box() for part in (await scores.locator("i, b").all())[:2]]
    assert bar["width"] == pytest.approx(track["width"], rel=0.01)  # that of a score of 1
    await expect(opened.page.get_by_role("region", name="Answer", exact=True)).to_contain_text(
        "Generation"
    )
    assert opened.errors == []


async def test_stages_are_told_while_the_answer_is_not_there_yet(browser):
    is_free = asyncio.Event()

    def held(call):
        return says(call) if call.expert != "synthesiser" else Script(says="Nairobi", gate=is_free)

    async with console_site(script=held) as site, window(browser) as own:
        await own.page.goto(f"{site.url}/console/")
        await ask(own.page, "What is the capital of Kenya?", model="self-moa")

        stages = own.page.get_by_role("region", name="Stages")
        await expect(stages).to_contain_text("Under way")
        await expect(stages.locator("li").first).to_contain_text("capitals")
        await expect(own.page.locator(".turn.assistant .text")).to_be_empty()
        is_free.set()
        await expect(own.page.locator(".turn.assistant .text")).to_have_text("Nairobi")
        await expect(stages).not_to_contain_text("Under way")


async def test_a_conversation_goes_on_and_is_begun_anew(page):
    await ask(page, "What is the capital of Kenya?")
    await expect(page.locator(".turn.assistant")).to_contain_text("Nairobi")
    await ask(page, "And how do I write 44 in Roman numerals?")

    await expect(page.locator(".turn")).to_have_count(4)
    await page.get_by_role("button", name="New", exact=True).click()
    await expect(page.locator(".turn")).to_have_count(0)


async def test_escape_stops_an_answer_at_its_engine(browser):
    def endless(call):
        return Script(says="word " * 1000, token_delay_s=0.02)

    async with console_site(script=endless) as site, window(browser) as own:
        await own.page.goto(f"{site.url}/console/")
        await ask(own.page, "What is the capital of Kenya?")
        await expect(own.page.locator(".turn.assistant .text")).to_contain_text("word word")
        await own.page.keyboard.press("Escape")

        await expect(own.page.locator(".turn.assistant")).to_contain_text("Stopped")
        async with asyncio.timeout(10):
            await site.service.engine.hung_up.wait()


async def test_an_error_is_the_service_s_own_sentence(browser):
    def broken(call):
        return Script(fails=EngineDeadError("engine 'e1' is gone"))

    async with console_site(script=broken) as site, window(browser) as own:
        await own.page.goto(f"{site.url}/console/")
        await ask(own.page, "hello", model="roman")

        await expect(own.page.get_by_role("alert")).to_contain_text("gone")
        # What failed can be sent again, and is no part of the conversation.
        await expect(own.page.get_by_label("Prompt", exact=True)).to_have_value("hello")
        await expect(own.page.locator(".turn")).to_have_count(0)


async def test_a_conversation_that_was_given_up_does_not_come_back(browser):
    def endless(call):
        return Script(says="word " * 1000, token_delay_s=0.02)

    async with console_site(script=endless) as site, window(browser) as own:
        await own.page.goto(f"{site.url}/console/")
        await ask(own.page, "hello", model="roman")
        await expect(own.page.locator(".turn.assistant .text")).to_contain_text("word")
        await own.page.get_by_role("button", name="New", exact=True).click()
        async with asyncio.timeout(10):
            await site.service.engine.hung_up.wait()

        await expect(own.page.get_by_role("button", name="Send")).to_be_visible()
        await expect(own.page.locator(".turn")).to_have_count(0)


async def test_explaining_generates_nothing(opened, site):
    page = opened.page
    await page.get_by_label("Prompt", exact=True).fill("How do you say sort in French?")
    await page.get_by_role("button", name="Explain only").click()

    await expect(page.get_by_role("region", name="Route")).to_contain_text("french")
    assert not site.service.engine.calls


async def test_what_an_expert_writes_is_text_and_never_markup(browser):
    def evil(call):
        return Script(says="<img src=x onerror=alert(1)><b>bold</b>", is_literal=True)

    async with console_site(script=evil) as site, window(browser) as own:
        await own.page.goto(f"{site.url}/console/")
        await ask(own.page, "hello", model="roman")

        await expect(own.page.locator(".turn.assistant .text")).to_contain_text("<b>bold</b>")
        assert await own.page.locator(".turn img").count() == 0
