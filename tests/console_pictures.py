"""Takes the pictures of the console in docs/: `python -m tests.console_pictures`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.console_browser import chromium, window
from tests.console_site import console_site

DOCS = Path(__file__).parents[1] / "docs"


async def main() -> None:
    """Take all of them."""
    async with console_site() as site, chromium() as browser:
        await _slots(browser, site.url)
        await _batches(browser, site.url)
        await _phone(browser, site.url)


async def _slots(browser: Browser, url: str) -> None:
    async with window(browser, width=1280, height=800) as own:
        await own.page.goto(f"{url}/console/#slots")
        await expect(own.page.locator(".slot")).to_have_count(4)
        await _take(own.page, "console-slots.png")


async def _batches(browser: Browser, url: str) -> None:
    async with window(browser, width=1280, height=660) as own:
        await own.page.goto(f"{url}/console/#batches")
        await expect(own.page.locator(".gantt")).to_be_visible()
        await _take(own.page, "console-batches.png")


async def _phone(browser: Browser, url: str) -> None:
    phone = {"width": 375, "height": 812, "theme": "dark", "device_scale_factor": 2}
    async with window(browser, **phone) as own:
        page = own.page
        await page.goto(f"{url}/console/")
        await page.get_by_label("Model").select_option("self-moa")
        await page.get_by_label("Prompt", exact=True).fill("What is the capital of Kenya?")
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("region", name="Answer", exact=True)).to_contain_text(
            "In all"
        )
        await _take(page, "console-phone.png")


async def _take(page: Page, name: str) -> None:
    """Once what moves has come to rest."""
    await page.evaluate("document.activeElement.blur()")
    await page.screenshot(path=DOCS / name, animations="disabled")


if __name__ == "__main__":
    asyncio.run(main())
