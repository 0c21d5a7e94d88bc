import pytest

from orchestrator.store.memory_answers import MemoryAnswers
from tests.contracts.answers import AnswersContract


class TestMemoryAnswers(AnswersContract):
    @pytest.fixture
    def answers(self):
        return MemoryAnswers(max_bytes=10)
