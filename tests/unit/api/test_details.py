"""What callers who ask for details are told of stages, calls and experts."""

import json

import pytest

from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError
from tests.composed import composed
from tests.merging import merging
from tests.served import Service, data_of, fault

ASKED = {"x-orchestrator-details": "true"}
DEAD = EngineDeadError("its process is gone")


async def test_a_wish_for_details_is_true_or_false():
    response = await composed(FakeEngine()).chat(headers={"x-orchestrator-details": "1"})

    assert fault(response)["param"] == "x-orchestrator-details"


async def test_nothing_is_told_to_who_does_not_ask():
    response = await composed(merging()).chat(model="refined")

    assert "orchestrator" not in response.json()


async def test_an_answer_tells_its_stages_and_what_each_expert_took():
    response = await composed(merging()).chat(model="refined", headers=ASKED)

    told = response.json()["orchestrator"]
    assert (told["expert"], told["chosen"][0]) == ("writer", "math")
    assert told["reasons"] == ["first"]
    assert [(stage["name"], len(stage["calls"])) for stage in told["stages"]] == [
        ("samples", 1), ("synthesis", 1),
    ]  # fmt: skip
    [sampled], [written] = (stage["calls"] for stage in told["stages"])
    assert (sampled["num_answers"], written["ending"]) == (2, "done")
    by_expert = told["by_expert"]
    assert by_expert["math"]["completion_tokens"] == sampled["completion_tokens"] == 4
    assert (by_expert["writer"]["calls"], by_expert["writer"]["completion_tokens"]) == (1, 3)
    usage = response.json()["usage"]
    assert sum(one["prompt_tokens"] for one in by_expert.values()) == usage["prompt_tokens"]
    assert sum(one["cost_usd"] for one in by_expert.values()) == pytest.approx(
        float(response.headers["x-orchestrator-cost-usd"])
    )


async def test_who_failed_and_which_caps_were_met_is_told():
    engine = FakeEngine(
        script=lambda call: Script(fails=DEAD) if call.expert == "math" else Script(says="4")
    )

    response = await composed(engine).chat(model="together", headers=ASKED)

    told = response.json()["orchestrator"]
    assert (told["expert"], told["failed"], told["reached"]) == (
        "writer", {"math": "engine_dead"}, [],
    )  # fmt: skip
    assert [call["ending"] for call in told["stages"][0]["calls"]] == ["engine_dead", "done"]


@pytest.mark.parametrize("has_usage", [False, True])
async def test_a_stream_tells_them_in_an_event_without_choices_before_its_end(has_usage):
    response = await composed(merging()).chat(
        model="refined", stream=True, headers=ASKED, stream_options={"include_usage": has_usage}
    )

    *_, last, done = data_of(response)
    event = json.loads(last)
    assert (done, event["choices"]) == ("[DONE]", [])
    assert ("usage" in event) is has_usage
    assert event["object"] == "chat.completion.chunk"
    assert list(event["orchestrator"]["by_expert"]) == ["math", "writer"]
    assert [stage["name"] for stage in event["orchestrator"]["stages"]] == ["samples", "synthesis"]


async def test_a_text_completion_has_them_too():
    service = composed(FakeEngine("Answer: 3"))

    response = await service.post("/v1/completions", model="careful", prompt="1+2=", headers=ASKED)

    assert response.json()["orchestrator"]["by_expert"]["math"]["calls"] == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_a_response_has_them_in_its_last_state(stream):
    response = await composed(merging()).post(
        "/v1/responses", model="refined", input="1+1?", stream=stream, headers=ASKED
    )

    whole = json.loads(data_of(response)[-1])["response"] if stream else response.json()
    assert whole["status"] == "completed"
    assert list(whole["orchestrator"]["by_expert"]) == ["math", "writer"]


async def test_one_call_has_no_stages():
    response = await Service().chat(headers=ASKED)

    told = response.json()["orchestrator"]
    assert (told["stages"], told["expert"]) == ([], "math")
    assert (
        told["by_expert"]["math"]["completion_tokens"]
        == (response.json()["usage"]["completion_tokens"])
    )


async def test_what_is_nested_is_told_inside_the_call_and_summed_by_expert():
    service = composed(FakeEngine("Answer: 3"))

    response = await service.chat(model="nested", headers=ASKED)
    record = await service.last_record()

    told = response.json()["orchestrator"]
    [stage] = told["stages"]
    assert [call["expert"] for call in stage["calls"]] == ["together", "auto"]
    assert [call["answered_by"] for call in stage["calls"]] == ["math", "math"]
    [inner] = stage["calls"][0]["stages"]
    assert [call["expert"] for call in inner["calls"]] == ["math", "writer"]
    assert {name: one["calls"] for name, one in told["by_expert"].items()} == {
        "math": 2, "writer": 1,
    }  # fmt: skip
    assert record.stages[0].calls[0].stages[0].calls[1].expert == "writer"
