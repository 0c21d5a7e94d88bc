import pytest

from orchestrator.store.memory_meters import MemoryMeters
from tests.contracts.meters import Clock, MetersContract


class TestMemoryMeters(MetersContract):
    @pytest.fixture
    def clock(self):
        return Clock()

    @pytest.fixture
    def meters(self, clock):
        return MemoryMeters(clock=clock)
