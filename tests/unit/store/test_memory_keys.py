import logging

import pytest

from orchestrator.store.keys import readable
from orchestrator.store.memory_keys import MemoryKeys
from tests.contracts.keys import KeyRecordsContract, stored_key


class TestMemoryKeys(KeyRecordsContract):
    @pytest.fixture
    def keys(self):
        return MemoryKeys()


def test_a_key_of_a_newer_service_lets_nobody_in_and_is_told(caplog):
    newer = stored_key(1).model_dump_json().replace('"version":1', '"version":2').encode()

    with caplog.at_level(logging.WARNING):
        found = readable([newer, stored_key(2).model_dump_json().encode(), b"no json"])

    assert found == [stored_key(2)]
    assert "2 keys cannot be read" in caplog.text
