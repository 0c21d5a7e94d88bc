"""The console's files as they are served; what they do is tested in a browser."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from orchestrator.api.console import FILES
from orchestrator.api.settings import ApiSettings
from tests.keyrings import ADMIN, Keys, bearer
from tests.served import Service, fault

ROOT = Path(__file__).parents[3]
BUILT = ROOT / "orchestrator/console"


def sources() -> list[Path]:
    """What decides the build, as console/vite.config.ts has it."""
    own = [one for one in (ROOT / "console/src").iterdir() if not one.name.endswith(".test.ts")]
    others = ("index.html", "package-lock.json", "public/icon.svg", "tsconfig.json")
    found = [*own, *(ROOT / "console" / name for name in (*others, "vite.config.ts"))]
    return sorted(found, key=lambda path: path.relative_to(ROOT / "console").as_posix())


def test_the_build_is_of_the_sources_beside_it():
    digest = hashlib.sha256()
    for path in sources():
        name = path.relative_to(ROOT / "console").as_posix()
        digest.update(f"{name}\0".encode() + path.read_bytes() + b"\0")

    built = (BUILT / "sources.sha256").read_text().strip()

    assert digest.hexdigest() == built, "the console was edited and not built: make console"


def test_the_build_has_no_file_that_is_not_served():
    assert {one.name for one in BUILT.iterdir()} == {*FILES, "sources.sha256"}


def test_the_page_names_nothing_of_elsewhere():
    named = [
        found
        for name in FILES
        for found in re.findall(r"(?:https?:)?//[\w.-]+\.\w+", (BUILT / name).read_text())
    ]

    assert set(named) <= {"http://www.w3.org"}  # names of XML, which nothing loads


def test_the_lock_of_the_build_names_no_place_packages_come_from():
    lock = (ROOT / "console/package-lock.json").read_text()

    assert '"resolved"' not in lock
    assert "://" not in re.sub(r'"url": "[^"]*"', "", lock)


def test_what_a_browser_loads_is_small():
    sizes = [len(gzip.compress((BUILT / name).read_bytes())) for name in FILES]

    assert sum(sizes) < 60_000


@pytest.mark.parametrize("path", ["/console/", *(f"/console/{name}" for name in FILES)])
async def test_no_file_of_the_console_runs_what_stands_in_a_page_or_is_of_elsewhere(path):
    reply = await Service().get(path)

    policy = reply.headers["content-security-policy"]
    assert reply.status_code == 200
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"


async def test_the_console_without_a_slash_leads_to_the_console():
    reply = await Service().get("/console")

    assert (reply.status_code, reply.headers["location"]) == (308, "console/")


async def test_a_file_that_a_browser_has_is_not_sent_again():
    first = await Service().get("/console/console.js")
    again = await Service().get("/console/console.js", **{"if-none-match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


async def test_a_file_is_compressed_for_those_alone_who_ask_for_it():
    zipped = await Service().get("/console/console.css", **{"accept-encoding": "gzip"})
    plain = await Service().get("/console/console.css", **{"accept-encoding": "identity"})

    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.content == plain.content  # the client unpacks it
    assert zipped.headers["etag"] != plain.headers["etag"]


@pytest.mark.parametrize(
    "path", ["/console/sources.sha256", "/console/%2e%2e/settings.py", "/console/x"]
)
async def test_nothing_else_is_served_below_the_console(path):
    assert (await Service().get(path)).status_code == 404


async def test_the_console_can_be_switched_off():
    service = Service(settings=ApiSettings(console=False))

    assert (await service.get("/console/")).status_code == 404


async def test_the_console_is_no_operation_of_the_document():
    document = (await Service().get("/openapi.json")).json()

    assert [path for path in document["paths"] if "console" in path] == []


async def test_the_page_needs_no_key_and_counts_as_nobody_s_request():
    service = Service(keyring=Keys().ring(), settings=ApiSettings(admin="key"), peer="10.0.0.9")

    page = await service.get("/console/", authorization="Bearer sk-orc-wrong")

    assert page.status_code == 200
    assert (await service.get("/v1/models")).status_code == 401
    assert await service.records.recent(limit=1) == []


async def test_the_page_of_another_machine_may_edit_by_an_admin_key_alone():
    keys = Keys()
    service = Service(keyring=keys.ring(), settings=ApiSettings(admin="key"), keys=keys.records)
    origin = {"origin": "https://models.example.org"}
    _, header = await keys.issue()

    by_admin = await service.post("/admin/keys", headers={**origin, **ADMIN}, name="bob")
    by_caller = await service.post("/admin/keys", headers={**origin, **bearer(header)}, name="bob")

    assert (by_admin.status_code, by_caller.status_code) == (200, 403)


async def test_a_page_that_was_given_no_key_may_not_edit_from_elsewhere():
    service = Service(keys=Keys().records)

    refused = await service.post("/admin/keys", headers={"origin": "https://x.example"}, name="b")

    assert refused.status_code == 403
    assert "send an admin key" in fault(refused)["message"]
