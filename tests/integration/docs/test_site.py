"""The pages make a site in which every link leads somewhere."""

import os
import re
import subprocess
import sys

import pytest

import orchestrator.client
from tests.page_blocks import ROOT

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site, built so that a warning fails."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_of_docs_is_a_page_of_the_site(site):
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]

    assert [page for page in pages if not (site / page.with_suffix(".html")).is_file()] == []


def test_the_figures_that_pages_link_to_are_in_the_site(site):
    linked = re.findall(r'href="(bench/out/[^"]+)"', (site / "scale.html").read_text())

    assert linked
    assert [name for name in linked if not (site / name).is_file()] == []


def test_the_reference_of_the_client_tells_its_methods(site):
    page = (site / "sdk.html").read_text()

    assert 'id="orchestrator.client.Client.chat"' in page
    assert 'id="orchestrator.client.AsyncClient.chat"' in page


def test_the_reference_of_the_client_tells_all_that_it_gives_away(site):
    page = (site / "sdk.html").read_text()

    named = [f'id="orchestrator.client.{name}"' for name in orchestrator.client.__all__]
    assert [one for one in named if one not in page] == []


def test_the_reference_tells_fields_with_what_stands_above_them(site):
    page = (site / "sdk.html").read_text()

    assert 'id="orchestrator.client.Origin.is_replayed"' in page
    assert "The answer is an earlier one's with the same idempotency key." in page


def test_nothing_that_is_code_is_in_the_site(site):
    assert list(site.rglob("*.py")) == []


def test_a_reader_fetches_nothing_from_elsewhere(site):
    fetched = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?://[^"]+)"',
                         (site / "index.html").read_text())  # fmt: skip

    assert fetched == []
