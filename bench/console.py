"""The console in a browser: first paint, weight, how soon it shows a change, who can use it.

It is served with the scripted service of its tests: what is measured is the page, not an engine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from bench.report import Outcome, Target
from bench.setup import Setup
from tests.console_browser import chromium, window
from tests.console_site import ConsoleSite, busy, console_site

NAME = "console"
PAINT = Target(name="console: first paint on loopback, median", sense="<", limit=1000.0, unit="ms")
WEIGHT = Target(name="console: page as it is sent", sense="<", limit=300.0, unit="KB")
ERRORS = Target(name="console: errors told to the browser", sense="<=", limit=0.0)
LIVE = Target(name="console: change to sight, slowest", sense="<", limit=1.0, unit="s")
AXE = Target(name="console: serious faults that axe-core finds", sense="<=", limit=0.0)
TARGETS = (PAINT, WEIGHT, ERRORS, LIVE, AXE)

#: Each tab, and a place of it that is there once it has something to show.
_TABS = (
    ("playground", ".empty"),
    ("slots", ".slot"),
    ("batches", ".gantt"),
    ("registry", ".editor"),
)
_NUM_CHANGES = 20
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_BYTES = """["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
    .filter((one) => one.name.includes("/console/"))
    .reduce((sum, one) => sum + one.transferSize, 0)"""


def measure(setup: Setup) -> Outcome:
    """Serve it, open it, look at it."""
    return asyncio.run(_measured(setup.rounds))


async def _measured(rounds: int) -> Outcome:
    async with console_site() as site, chromium() as browser:
        looks = [await _first_look(browser, site) for _ in range(rounds)]
        waits_s, errors = await _live(browser, site)
        faults, more = await _faults(browser, site)
    paints_ms = [look["paint_ms"] for look in looks]
    num_bytes = max(look["num_bytes"] for look in looks)
    values = {
        PAINT.name: median(paints_ms),
        WEIGHT.name: num_bytes / 1000,
        ERRORS.name: float(len(errors + more)),
        LIVE.name: max(waits_s),
        AXE.name: float(len(faults)),
    }
    figures = {
        "paint_ms": paints_ms,
        "page_bytes": num_bytes,
        "live_s": waits_s,
        "errors": errors + more,
        "axe": faults,
    }
    rows = [("console: change to sight, median", f"{median(waits_s):.2f} s")]
    return Outcome(values=values, figures=figures, rows=rows)


async def _first_look(browser: Browser, site: ConsoleSite) -> dict[str, Any]:
    """What a browser measures that has nothing of it yet."""
    async with window(browser) as own:
        await own.page.goto(f"{site.url}/console/")
        await own.page.wait_for_selector("#prompt")
        return {
            "paint_ms": await own.page.evaluate(_PAINT),
            "num_bytes": await own.page.evaluate(_BYTES),
        }


async def _live(browser: Browser, site: ConsoleSite) -> tuple[list[float], list[str]]:
    """Seconds from each change of a slot to its sight, and what the browser was told of."""
    key = site.expert_key("roman")
    waits_s = []
    async with window(browser) as own:
        await own.page.goto(f"{site.url}/console/#slots")
        await own.page.wait_for_selector(".slot")
        for number in range(100, 100 + _NUM_CHANGES):
            site.say(busy(key, waits=key, pinned=key, num_waiting=number))
            waits_s.append(await _timed(lambda n=number: _seen(own.page, f"{n} waiting")))
        return waits_s, own.errors


async def _seen(page: Page, words: str) -> None:
    await page.wait_for_function(
        "(words) => document.querySelector('.queues')?.textContent.includes(words)",
        arg=words,
        polling="raf",
    )


async def _timed(doing: Callable[[], Awaitable[None]]) -> float:
    began_s = time.perf_counter()
    await doing()
    return time.perf_counter() - began_s


async def _faults(browser: Browser, site: ConsoleSite) -> tuple[list[str], list[str]]:
    """What axe-core finds on any tab, light and dark, and what the browser was told of there."""
    faults, errors = [], []
    for theme in ("light", "dark"):
        for tab, shown in _TABS:
            async with window(browser, theme=theme) as own:
                await own.page.goto(f"{site.url}/console/#{tab}")
                await own.page.wait_for_selector(shown)
                found = (await Axe().run(own.page)).response["violations"]
                serious = [one for one in found if one["impact"] in ("serious", "critical")]
                faults += [f"{tab}, {theme}: {one['id']}" for one in serious]
                errors += own.errors
    return faults, errors
