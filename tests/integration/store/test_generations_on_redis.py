import pytest

from orchestrator.store.redis import RedisStore
from tests.contracts.generations import GenerationsContract

pytestmark = pytest.mark.integration


class TestGenerationsOnRedis(GenerationsContract):
    @pytest.fixture
    def store(self, link):
        return RedisStore(link)
