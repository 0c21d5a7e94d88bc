"""Schemathesis over the endpoint, a small one of each phase: the whole is `make conformance`."""

import asyncio

import pytest

from bench.schema_phases import PHASES, probed
from orchestrator.engines.fake import FakeEngine
from orchestrator.store.memory_keys import MemoryKeys
from tests.batch_desk import Desk
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
