"""Progress and timelines of batches over the endpoint."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.api.batch_view import ProgressState
from orchestrator.api.batch_watch import progress_events
from orchestrator.batch.progress import BatchProgress
from orchestrator.errors import ExpertUnavailableError, NotFoundError
from tests.kept_batches import RUN, KeptBatches, batch
from tests.keyrings import Keys
from tests.served import Service, data_of, fault
from tests.unit.api.test_hanging_up import Caller, hang_up, scope
from tests.unit.batch.timelines import small

GONE = ExpertUnavailableError("who keeps batches starts anew")
EVENTS = {"accept": "text/event-stream"}
AT_WORK = BatchProgress(batch=batch(), run=RUN)
DONE = BatchProgress(batch=batch("completed"))
WATCHED = {
    **scope("/v1/batches/batch_1/progress"),
    "method": "GET",
    "headers": [(b"accept", b"text/event-stream")],
}


def service(*script) -> Service:
    kept = KeptBatches(scripts={"batch_1": list(script or [AT_WORK])})
    kept.timelines["batch_1"] = small()
    return Service(batches=kept)


class Clock:
    """Seconds that pass by pauses alone."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    async def pause(self, seconds: float) -> None:
        self.now_s += seconds


async def told(*script) -> list[str]:
    """What a watcher hears of a batch that goes this way."""
    first, *rest = script
    kept, clock = KeptBatches(scripts={"batch_1": list(rest)}), Clock()

    async def look() -> BatchProgress:
        return await kept.progress("batch_1", owner="")

    return [
        one.decode() async for one in progress_events(first, look, clock=clock, pause=clock.pause)
    ]


@pytest.mark.parametrize("path", ["progress", "timeline", "timeline?format=html"])
async def test_a_batch_that_is_not_there_or_anothers_is_not_found(path):
    for headers in ({}, {"authorization": "Bearer another"}):
        name = "batch_1" if headers else "batch_2"
        reply = await service().get(f"/v1/batches/{name}/{path}", **headers)

        assert (reply.status_code, fault(reply)["code"]) == (404, "not_found")


async def test_while_nobody_answers_a_watcher_is_told_at_once():
    reply = await service(GONE, AT_WORK).get("/v1/batches/batch_1/progress", **EVENTS)

    assert (reply.status_code, fault(reply)["code"]) == (503, "expert_unavailable")


async def test_a_form_that_there_is_not_is_refused_with_those_there_are():
    reply = await service().get("/v1/batches/batch_1/timeline?format=pdf")

    assert reply.status_code == 400
    assert fault(reply)["message"] == "'format' is 'pdf'; input should be 'json' or 'html'"


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/json", "application/json, text/event-stream"]
)
async def test_whoever_does_not_ask_for_events_first_gets_one_answer(accept):
    reply = await service().get("/v1/batches/batch_1/progress", accept=accept)

    state = reply.json()
    assert (state["object"], state["id"], state["status"]) == (
        "batch.progress",
        "batch_1",
        "in_progress",
    )
    assert state["request_counts"] == {"total": 10, "completed": 4, "failed": 0}
    run = state["run"]
    assert (run["tokens_per_s"], run["left_s"], run["num_runs_ended"]) == (812.3, 12.3, 1)
    assert (run["swaps_so_far"], run["swaps_expected"]) == (1, 3)
    assert [(one["slot"], one["expert"], one["num_done"]) for one in run["current"]] == [
        ("local", "maths", 4)
    ]


async def test_a_batch_that_nobody_works_on_has_no_run():
    reply = await service(BatchProgress(batch=batch("validating"))).get(
        "/v1/batches/batch_1/progress"
    )

    assert reply.json()["run"] is None


async def test_what_holds_a_batch_up_is_told():
    held = BatchProgress(batch=batch(), obstacle="results cannot be stored: no room")

    reply = await service(held).get("/v1/batches/batch_1/progress")

    assert reply.json()["obstacle"] == "results cannot be stored: no room"


async def test_events_end_with_the_batch():
    reply = await service(AT_WORK, DONE).get("/v1/batches/batch_1/progress", **EVENTS)

    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.text.startswith("event: batch.progress\ndata: {")
    *states, end = data_of(reply)
    assert [json.loads(one)["status"] for one in states] == ["in_progress", "completed"]
    assert end == "[DONE]"


async def test_a_batch_that_has_ended_is_told_once():
    assert [one.partition("\n")[0] for one in await told(DONE)] == [
        "event: batch.progress",
        "data: [DONE]",
    ]


async def test_counts_are_told_every_second_and_a_status_at_once():
    finalizing = BatchProgress(batch=batch("finalizing"))

    heard = await told(AT_WORK, AT_WORK, AT_WORK, AT_WORK, finalizing, DONE)

    # Looks every half a second: the second is due, the fourth and fifth have news.
    statuses = [json.loads(one.partition("data: ")[2])["status"] for one in heard[:-1]]
    assert statuses == ["in_progress", "in_progress", "finalizing", "completed"]


async def test_a_watcher_stays_while_who_keeps_batches_starts_anew():
    heard = await told(AT_WORK, GONE, GONE, DONE)

    assert heard[1:3] == [": no news: expert_unavailable\n\n"] * 2
    assert heard[-1] == "data: [DONE]\n\n"


async def test_a_watcher_is_sent_away_after_a_minute_without_news():
    heard = await told(AT_WORK, GONE)

    assert len(heard) == 1 + 120 + 1
    assert json.loads(heard[-1].removeprefix("data: "))["error"]["code"] == "expert_unavailable"


async def test_a_batch_that_is_deleted_meanwhile_ends_the_stream_with_the_reason():
    heard = await told(AT_WORK, NotFoundError("no batch 'batch_1'"))

    assert json.loads(heard[-1].removeprefix("data: "))["error"]["code"] == "not_found"
    assert len(heard) == 2


async def test_a_timeline_has_both_in_the_same_form():
    state = (await service().get("/v1/batches/batch_1/timeline")).json()

    assert (state["object"], state["lower_bound_s"]) == ("batch.timeline", 95.0)
    assert state["predicted"][1] == {
        "slot": "a", "expert": "law", "stage": 0, "num_calls": 5, "begins_s": 40.0,
        "step": "swap", "step_s": 10.0, "ends_s": 100.0,
    }  # fmt: skip
    assert set(state["happened"][0]) == set(state["predicted"][0])


async def test_a_timeline_is_a_page_that_may_ask_nobody():
    reply = await service().get("/v1/batches/batch_1/timeline?format=html")

    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["content-security-policy"].startswith("default-src 'none';")
    assert "<title>Batch batch_small</title>" in reply.text


@pytest.mark.parametrize("how", ["disconnect", "cancel", "both"])
async def test_a_watcher_that_hangs_up_is_told_no_more(how):
    reading = Caller(b"")
    app = service(AT_WORK).app()
    task = asyncio.create_task(app(dict(WATCHED), reading.receive, reading.send))
    await reading.got_body.wait()

    hang_up(reading, task, how)
    await asyncio.wait([task])

    assert task.cancelled() is (how != "disconnect")
    assert task.cancelled() or task.exception() is None


async def test_a_server_that_cannot_send_ends_the_watch():
    reading = Caller(b"")

    async def send(message):
        if message["type"] == "http.response.body":
            raise ConnectionResetError

    await service(AT_WORK).app()(dict(WATCHED), reading.receive, send)


def test_the_progress_that_the_page_shows_is_of_this_form():
    page = (Path(__file__).parents[3] / "docs" / "batches.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r'```json\n(\{"object": "batch.progress".*?)```', page, re.DOTALL)

    told = ProgressState.model_validate_json(shown)

    assert told.model_dump(mode="json") == json.loads(shown)


async def test_runs_beside_those_of_a_batch_are_not_told_of_experts_that_its_key_shuts_out():
    keys = Keys()
    key, header = await keys.issue(exclude=("expert:math",))
    runs = [replace(RUN.current[0], expert=name) for name in ("math", "painter")]
    work = replace(RUN, current=tuple(runs), ended=tuple(runs))
    asked = service(BatchProgress(batch=batch(owner=key.id), run=work))
    bars = [replace(small().predicted[0], expert=name) for name in ("math", "painter")]
    asked.batches.timelines["batch_1"] = replace(small(), predicted=tuple(bars), happened=())
    asked.keyring = keys.ring()

    async with asked.client() as client:
        sent = {"authorization": header}
        told = (await client.get("/v1/batches/batch_1/progress", headers=sent)).json()
        drawn = [
            await client.get(f"/v1/batches/batch_1/timeline?format={form}", headers=sent)
            for form in ("json", "html")
        ]

    assert [run["expert"] for run in told["run"]["current"]] == ["painter"]
    assert "painter" in drawn[0].text
    assert [one.status_code for one in drawn] == [200, 200]
    assert "math" not in drawn[0].text
    assert ">math<" not in drawn[1].text
