"""What callers of composed requests are told: stages before the answer, caps that were met."""

import json

import pytest

from orchestrator.engines.fake import FakeEngine
from orchestrator.errors import EngineDeadError
from tests.composed import composed
from tests.merging import merging
from tests.served import data_of, fault, stages_of

DEAD = EngineDeadError("its process is gone")
CALLS = "x-orchestrator-max-calls"


async def test_a_stream_whose_stage_fails_at_once_keeps_its_status():
    response = await composed(FakeEngine(fails=DEAD)).chat(model="refined", stream=True)

    assert (response.status_code, fault(response)["code"]) == (503, "engine_dead")


async def test_a_wish_about_stages_is_true_or_false():
    response = await composed(FakeEngine()).chat(headers={"x-orchestrator-stages": "maybe"})

    assert fault(response)["param"] == "x-orchestrator-stages"


async def test_a_chat_tells_its_stages_before_the_answer():
    response = await composed(merging()).chat(model="refined", stream=True)

    told = stages_of(response)
    assert [(one["stage"], one["state"], one["num_done"], one["num_calls"]) for one in told] == [
        ("samples", "started", 0, 1),
        ("samples", "running", 1, 1),
        ("samples", "done", 1, 1),
        ("synthesis", "started", 0, 1),
    ]
    assert (told[0]["path"], told[0]["models"]) == (["samples"], ["math"])
    assert response.text.rindex("orchestrator.stage") < response.text.index('"content":"it"')


async def test_each_event_of_a_stage_is_a_chunk_that_says_nothing():
    response = await composed(merging()).chat(
        model="refined", stream=True, stream_options={"include_usage": True}
    )

    first, *_ = map(json.loads, data_of(response)[:-1])
    del first["orchestrator"]
    assert first == {
        "id": first["id"],
        "object": "chat.completion.chunk",
        "created": first["created"],
        "model": "refined",
        "system_fingerprint": "generation-7",
        "choices": [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": None}],
        "usage": None,
    }


async def test_a_text_completion_tells_its_stages_too():
    service = composed(FakeEngine("Answer: 3"))

    response = await service.post("/v1/completions", model="careful", prompt="1+2=", stream=True)

    first, *_, last = data_of(response)[:-1]
    assert json.loads(first)["choices"] == [
        {"index": 0, "text": "", "logprobs": None, "finish_reason": None}
    ]
    assert json.loads(last)["choices"][0]["text"] == "Answer: 3"
    assert [one["state"] for one in stages_of(response)] == ["started", "done"]


async def test_a_response_tells_its_stages_in_comments():
    response = await composed(merging()).post(
        "/v1/responses", model="refined", input="1+1?", stream=True
    )

    comments = [line for line in response.text.splitlines() if line.startswith(":")]
    assert comments[0] == (
        ": stage path=samples state=started num_done=0 num_calls=1 models=math took_s=0.0"
    )
    assert "orchestrator.stage" not in response.text
    assert "response.completed" in response.text


async def test_stages_are_not_told_to_who_does_not_want_them():
    response = await composed(merging()).chat(
        model="refined", stream=True, headers={"x-orchestrator-stages": "false"}
    )

    assert stages_of(response) == []
    assert "it is two" in "".join(
        json.loads(one)["choices"][0]["delta"].get("content") or ""
        for one in data_of(response)[:-1]
    )


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_an_answer_for_which_calls_were_left_out_is_marked(stream):
    service = composed(FakeEngine("Answer: 3"))

    response = await service.chat(model="together", stream=stream, headers={CALLS: "1"})

    assert response.status_code == 200
    assert response.headers["x-orchestrator-reached"] == "max_calls"
    assert (": reached max_calls" in response.text) is stream
    assert (await service.last_record()).reached == ["max_calls"]


async def test_an_answer_within_its_caps_is_not_marked():
    response = await composed(FakeEngine("Answer: 3")).chat(model="together", stream=True)

    assert "x-orchestrator-reached" not in response.headers
    assert "reached" not in response.text


async def test_the_log_names_the_caps_that_were_met(caplog):
    caplog.set_level("INFO", "orchestrator.api.accounts")

    await composed(FakeEngine("Answer: 3")).chat(model="together", headers={CALLS: "1"})

    line = json.loads(caplog.messages[-1])
    assert (line["reached"], line["stages"]) == (["max_calls"], [["vote", ["math", "writer"]]])
