"""One browser and one service for all tests of the console; each test has a page of its own."""

import pytest
import pytest_asyncio

from tests.console_browser import chromium, window
from tests.console_site import console_site


@pytest_asyncio.fixture(scope="session")
async def browser():
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture
async def site():
    async with console_site() as served:
        yield served


@pytest_asyncio.fixture
async def opened(browser, site):
    """The console of a fresh service, open, with every error it was told of."""
    async with window(browser) as own:
        await own.page.goto(f"{site.url}/console/")
        await own.page.wait_for_selector("#prompt")
        yield own


@pytest.fixture
def page(opened):
    return opened.page
