"""Schemathesis over the endpoint, a small one of each phase: the whole is `make conformance`."""

import asyncio

import pytest

from bench.schema_keyed import from_away
from bench.schema_phases import PHASES, probed
from orchestrator.api.settings import ApiSettings
from orchestrator.engines.fake import FakeEngine
from orchestrator.store.memory_keys import MemoryKeys
from tests.batch_desk import Desk
from tests.keyrings import ADMIN_KEY, Keys
from tests.served import Service, running

pytestmark = pytest.mark.integration


async def test_the_service_is_as_its_document_says(tmp_path):
    desk = Desk()
    service = Service(
        engine=FakeEngine(), batches=desk.office, storage=desk.storage, keys=MemoryKeys()
    )

    async with desk, running(service) as url:
        found = await asyncio.to_thread(probed, url, folder=tmp_path, max_examples=5)

    assert found.num_failures == 0, found.text
    assert (set(found.phases), found.reached) == (set(PHASES), 1.0)
    assert set(found.phases.values()) == {"success"}


async def test_with_keys_required_every_operation_that_says_so_asks_for_one(tmp_path):
    desk, keys = Desk(), Keys()
    service = Service(
        batches=desk.office,
        storage=desk.storage,
        keys=keys.records,
        keyring=keys.ring(),
        settings=ApiSettings(admin="key"),
    )

    async with desk, running(service) as url:
        found = await asyncio.to_thread(
            probed,
            url,
            folder=tmp_path,
            phases=("examples", "coverage"),
            max_examples=1,
            more=from_away(ADMIN_KEY),
        )

    assert found.num_failures == 0, found.text
    assert found.reached == 1.0


async def test_an_operation_that_lets_in_whoever_asks_is_found_out(tmp_path):
    service = Service(settings=ApiSettings(admin="key"))  # its document says that it asks for keys

    async with running(service) as url:
        more = (*from_away(ADMIN_KEY), "--include-path", "/v1/models")
        found = await asyncio.to_thread(
            probed, url, folder=tmp_path, phases=("coverage",), max_examples=1, more=more
        )

    assert "IgnoredAuth" in {one["type"] for one in found.told["failures"]}
