"""Who is not let in is an event of its own, without what was presented."""

import json
import logging

from orchestrator.api.settings import ApiSettings
from tests.keyrings import Keys
from tests.served import Service

BODY = {"model": "math", "messages": [{"role": "user", "content": "1+1?"}]}


async def test_a_request_without_a_sound_key_is_told_with_its_id_and_not_with_its_key(caplog):
    service = Service(keyring=Keys().ring(), settings=ApiSettings(admin="key"))
    with caplog.at_level(logging.INFO):
        reply = await service.post(
            "/v1/chat/completions", authorization="Bearer sk-orc-nobodysKey1234567890", **BODY
        )

    assert reply.status_code == 401
    told = [json.loads(one.message) for one in caplog.records if '"action"' in one.message]
    [refusal] = [one for one in told if one["action"] == "refusal"]
    assert refusal["limit"] == "invalid_api_key"
    assert refusal["request_id"] == reply.headers["x-orchestrator-request-id"]
    assert "nobodysKey" not in caplog.text


async def test_a_mistake_of_the_caller_is_no_refusal(caplog):
    with caplog.at_level(logging.INFO):
        await Service().post("/v1/chat/completions", **{**BODY, "model": "nobody"})

    assert '"action":"refusal"' not in caplog.text
