"""The page as a whole: keys, themes, keyboards, phones, its weight and who can use it."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from orchestrator.api.settings import ApiSettings
from tests.console_browser import REFUSED, window
from tests.console_site import console_site
from tests.keyrings import ADMIN_KEY, Keys

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

#: Each tab, and a place of it that is there once it has something to show.
TABS = [
    ("playground", ".empty"),
    ("slots", ".slot"),
    ("batches", ".gantt"),
    ("registry", ".editor"),
]
#: What the issue allows.
PAINT_MS, PAGE_BYTES = 1000, 300_000


@pytest.fixture
async def guarded():
    keys = Keys()
    settings = ApiSettings(admin="key")
    async with console_site(keyring=keys.ring(), settings=settings) as served:
        served.keys = keys
        yield served


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("tab", "shown"), TABS)
async def test_axe_finds_no_serious_fault(browser, site, theme, tab, shown):
    async with window(browser, theme=theme) as own:
        await own.page.goto(f"{site.url}/console/#{tab}")
        await expect(own.page.locator(shown).first).to_be_visible()

        found = (await Axe().run(own.page)).response["violations"]

    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"]) for one in serious] == []
    assert own.errors == []


@pytest.mark.parametrize(("tab", "shown"), TABS)
async def test_nothing_is_wider_than_a_phone(browser, site, tab, shown):
    async with window(browser, width=375, height=812, theme="dark") as own:
        await own.page.goto(f"{site.url}/console/#{tab}")
        await expect(own.page.locator(shown).first).to_be_visible()

        width = await own.page.evaluate("document.documentElement.scrollWidth")

    assert width == 375


async def test_the_first_paint_is_soon_and_the_page_is_small(browser, site):
    async with window(browser) as own:
        await own.page.goto(f"{site.url}/console/")
        await own.page.wait_for_selector("#prompt")
        paint_ms = await own.page.evaluate(
            "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        )
        num_bytes = await own.page.evaluate(
            """["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
                .filter((one) => one.name.includes("/console/"))
                .reduce((sum, one) => sum + one.transferSize, 0)"""
        )

    assert paint_ms < PAINT_MS
    assert 10_000 < num_bytes < PAGE_BYTES


async def test_nothing_of_elsewhere_is_asked(opened, site):
    for name in ("Slots", "Batches", "Registry"):
        await opened.page.get_by_role("tab", name=name).click()
        await expect(opened.page.get_by_role("heading", name=name, exact=True)).to_be_visible()

    assert {url.partition("/console")[0].partition("/v1")[0].partition("/admin")[0]
            for url in opened.asked} == {site.url}  # fmt: skip


async def test_the_keyboard_does_what_its_list_says(page):
    await page.keyboard.press("/")
    await expect(page.get_by_label("Prompt", exact=True)).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("2")
    await expect(page.get_by_role("tab", name="Slots")).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("tab", name="Slots").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Batches")).to_be_focused()


async def test_digits_in_a_prompt_are_a_prompt(page):
    await page.get_by_label("Prompt", exact=True).press_sequentially("1234?/kt")

    await expect(page.get_by_label("Prompt", exact=True)).to_have_value("1234?/kt")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_the_theme_is_chosen_and_kept(page):
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = await page.evaluate(ground)
    await page.keyboard.press("t")
    await page.keyboard.press("t")
    dark = await page.evaluate(ground)

    await page.reload()

    assert light != dark
    await expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert await page.evaluate(ground) == dark


async def test_a_service_that_asks_for_keys_is_told_one(browser, guarded):
    async with window(browser) as own:
        page = own.page
        await page.goto(f"{guarded.url}/console/#slots")
        await page.get_by_role("alert").get_by_role("button", name="Enter a key").click()
        await page.get_by_role("dialog").get_by_label("Key").fill("sk-orc-wrong")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
        await page.get_by_role("dialog").get_by_label("Key").fill(ADMIN_KEY)
        await page.keyboard.press("Enter")

        await expect(page.get_by_role("region", name="Slot gpu-0")).to_be_visible()
        assert [url for url in own.asked if ADMIN_KEY in url] == []
        assert await page.evaluate("Object.values(localStorage)") == ["auto"]
        assert [one for one in own.errors if REFUSED not in one] == []


async def test_a_key_that_is_no_admin_s_is_refused_in_a_sentence(browser, guarded):
    _, header = await guarded.keys.issue()
    async with window(browser) as own:
        await own.page.goto(f"{guarded.url}/console/#slots")
        await own.page.get_by_role("alert").get_by_role("button").click()
        key = own.page.get_by_role("dialog").get_by_label("Key")
        await key.fill(header.removeprefix("Bearer "))
        await own.page.keyboard.press("Enter")

        await expect(own.page.get_by_role("alert")).to_contain_text("needs an admin key")


async def test_who_wants_less_motion_sees_none_that_goes_on(browser, site):
    async with window(browser, reduced_motion="reduce") as own:
        await own.page.goto(f"{site.url}/console/#slots")
        await expect(own.page.locator(".live.good").first).to_be_visible()

        counts = await own.page.evaluate(
            "document.getAnimations().map((one) => one.effect.getTiming().iterations)"
        )

    assert set(counts) <= {1}
