import pytest

from orchestrator.store.memory_usage import MemoryUsage
from tests.contracts.usage import UsageContract


class TestMemoryUsage(UsageContract):
    @pytest.fixture
    def usage(self):
        return MemoryUsage(max_rows=2)
