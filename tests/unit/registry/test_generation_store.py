import pytest

from orchestrator.store.memory import MemoryStore
from tests.contracts.generations import GenerationsContract


class TestGenerationsInMemory(GenerationsContract):
    @pytest.fixture
    def store(self):
        return MemoryStore()
