import logging

import pytest

from orchestrator.store.judgements import readable
from orchestrator.store.memory_judgements import MemoryJudgements
from tests.contracts.judgements import JudgementsContract, judgement


class TestMemoryJudgements(JudgementsContract):
    @pytest.fixture
    def judgements(self):
        return MemoryJudgements(max_judgements=3)


def test_what_a_newer_service_wrote_is_left_aside_and_told(caplog):
    newer = judgement(1).model_dump_json().replace('"version":1', '"version":2').encode()
    older = judgement(2).model_dump_json().encode()

    with caplog.at_level(logging.WARNING):
        found = readable([newer, older, b"no json"])

    assert found == [judgement(2)]
    assert "2 judgements cannot be read" in caplog.text
