import pytest

from orchestrator.store.memory_repeats import MemoryRepeats
from tests.contracts.repeats import RepeatsContract


class TestMemoryRepeats(RepeatsContract):
    @pytest.fixture
    def repeats(self):
        return MemoryRepeats(max_bytes=10)
