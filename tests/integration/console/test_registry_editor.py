"""The registry is edited in the page: checked, compared, applied, and gone back from."""

import pytest
from playwright.async_api import expect

from tests.console_browser import REFUSED
from tests.console_site import REGISTRY

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

TEXT = REGISTRY.read_text()
VOTE = "vote: {kind: vote, router: topic, samples: 5"
EDITED = TEXT.replace(VOTE, VOTE.replace("samples: 5", "samples: 7"))


@pytest.fixture
async def registry(opened):
    await opened.page.get_by_role("tab", name="Registry").click()
    await expect(editor(opened.page)).to_have_value(TEXT)
    return opened.page


def editor(page):
    return page.get_by_label("Registry, YAML")


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


async def test_an_edit_is_checked_compared_and_then_applied(registry, site, opened):
    await editor(registry).fill(EDITED)
    await expect(button(registry, "Apply")).to_be_disabled()
    await registry.keyboard.press("Control+Enter")

    changed = registry.get_by_role("region", name="Changed lines")
    await expect(changed.locator(".removed")).to_contain_text("samples: 5")
    await expect(changed.locator(".added")).to_contain_text("samples: 7")
    await expect(changed.locator(".added .sign")).to_have_text("+")
    assert site.registry.crowd.noted == [1]

    await button(registry, "Apply").click()
    await expect(registry.get_by_text("Generation 2 is live.")).to_be_visible()
    assert site.registry.crowd.noted[-1] == 2
    assert opened.errors == []


async def test_a_text_that_was_edited_after_its_check_cannot_be_applied(registry):
    await editor(registry).fill(EDITED)
    await button(registry, "Check").click()
    await expect(button(registry, "Apply")).to_be_enabled()

    await editor(registry).fill(EDITED + "# more\n")

    await expect(button(registry, "Apply")).to_be_disabled()


async def test_faults_are_told_at_their_lines(registry, opened):
    await editor(registry).fill(TEXT.replace(VOTE, VOTE.replace("topic", "topik")))
    await button(registry, "Check").click()

    faults = registry.locator("#faults")
    await expect(faults).to_contain_text("'topik' is not a router of this registry")
    number = TEXT[: TEXT.index(VOTE)].count("\n") + 1
    await expect(registry.locator(".line.faulty .number").first).to_have_text(str(number))
    await faults.get_by_role("button", name=f"Line {number}").click()
    selected = "e => e.value.slice(e.selectionStart, e.selectionEnd)"
    assert "topik" in await editor(registry).evaluate(selected)
    assert [one for one in opened.errors if REFUSED not in one] == []


async def test_who_goes_back_is_asked_first(registry, site):
    await editor(registry).fill(EDITED)
    await button(registry, "Check").click()
    await button(registry, "Apply").click()
    await expect(registry.get_by_text("Generation 2 is live.")).to_be_visible()

    await button(registry, "Go back to generation 1").click()
    assert site.registry.crowd.noted[-1] == 2
    await button(registry, "Go back to 1").click()

    await expect(editor(registry)).to_have_value(TEXT)
    assert site.registry.crowd.noted[-1] == 3


async def test_an_edit_that_another_overtook_says_so_and_cannot_be_applied(registry, site):
    await editor(registry).fill(EDITED)
    await button(registry, "Check").click()
    await expect(button(registry, "Apply")).to_be_enabled()
    other = TEXT.replace("tau: 0.97", "tau: 0.9")
    async with site.service.client() as client:
        asked = {"content": other.encode(), "headers": {"content-type": "text/yaml"}}
        assert (await client.post("/admin/registry", **asked)).status_code == 200

    warning = registry.get_by_role("alert").filter(has_text="went live meanwhile")
    await expect(warning).to_contain_text("builds on 1")
    await expect(button(registry, "Apply")).to_be_disabled()
    await warning.get_by_role("button").click()
    await expect(editor(registry)).to_have_value(other)


async def test_a_text_that_nobody_edits_follows_what_is_live(registry, site):
    async with site.service.client() as client:
        asked = {"content": EDITED.encode(), "headers": {"content-type": "text/yaml"}}
        assert (await client.post("/admin/registry", **asked)).status_code == 200

    await expect(editor(registry)).to_have_value(EDITED)
