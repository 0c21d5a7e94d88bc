from pathlib import Path

import pytest

from orchestrator.caching.opening import open_cache
from orchestrator.caching.settings import CacheSettings
from orchestrator.errors import SetupError
from orchestrator.service.settings import read
from orchestrator.store.memory_answers import MemoryAnswers

TOPIC = Path(__file__).parents[3] / "deploy" / "demo" / "routers" / "topic"


def test_by_default_no_answer_is_kept():
    assert open_cache(read({}).cache, MemoryAnswers()) is None


def test_a_cache_by_likeness_reads_the_table_of_a_fitted_router():
    settings = read(
        {
            "ORCHESTRATOR_ANSWER_CACHE": "all",
            "ORCHESTRATOR_ANSWER_LIKENESS": "0.95",
            "ORCHESTRATOR_ANSWER_EMBEDDING": str(TOPIC),
        }
    )

    assert open_cache(settings.cache, MemoryAnswers()) is not None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"mode": "all", "likeness": 0.9}, "need 'answer_likeness'"),
        ({"mode": "all", "embedding": str(TOPIC)}, "need 'answer_likeness'"),
        ({"likeness": 0.9, "embedding": str(TOPIC)}, "need 'answer_likeness'"),
        ({"mode": "all", "likeness": 0.9, "embedding": "/nowhere"}, "'answer_embedding': '/nowh"),
    ],
)
def test_what_a_cache_by_likeness_lacks_is_said_before_the_start(given, told):
    with pytest.raises(SetupError, match=told):
        open_cache(CacheSettings(**given), MemoryAnswers())
