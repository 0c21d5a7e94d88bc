"""Debian's Chromium as tests of the console start it, and what they look out for."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import Browser, ConsoleMessage, Error, Page, async_playwright

#: Nothing of a person's is read or kept, nothing is asked of elsewhere, and no GPU is needed.
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: How browsers tell of an answer that is no 2xx, whatever the page makes of it.
REFUSED = "Failed to load resource"


def executable() -> str:
    """Where the browser is.

    Raises:
        RuntimeError: there is none; says what to install.
    """
    found = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if found is None:
        raise RuntimeError("the console is tested in a browser: install chromium (`make chromium`)")
    return found


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser with an empty folder of its own."""
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=executable(), args=[*ARGUMENTS])
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Window:
    """A page, and every error that its console was told of."""

    page: Page
    errors: list[str] = field(default_factory=list)
    #: Addresses of everything it loaded or asked.
    asked: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Take note from now on."""
        self.page.on("console", self._said)
        self.page.on("pageerror", self._broke)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _broke(self, error: Error) -> None:
        self.errors.append(str(error))


@asynccontextmanager
async def window(
    browser: Browser, *, width: int = 1280, height: int = 800, theme: str = "light", **more: object
) -> AsyncIterator[Window]:
    """A page of a person who was never here."""
    size = {"width": width, "height": height}
    context = await browser.new_context(viewport=size, color_scheme=theme, **more)
    opened = Window(await context.new_page())
    opened.listen()
    try:
        yield opened
    finally:
        await context.close()
