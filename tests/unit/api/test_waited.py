"""What a caller whose request waits for its turn is told, and when."""

import pytest

from orchestrator.api.waited import Waited, comment_of
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.notices import Notice
from orchestrator.engines.scripts import Script
from orchestrator.errors import OverloadedError
from tests.served import Service, events, fault

#: A clock that runs is never read twice at the same time.
ARRIVED = Notice(position=3, expected_s=4.2, waited_s=1e-5)
STILL = Notice(position=2, expected_s=3.1, waited_s=1.25)
OVER = Notice(position=0, waited_s=4.0)
FULL = OverloadedError("could not be had in time", retry_after_s=6.2)


def service(*notices: Notice, **script: object) -> Service:
    return Service(
        engine=FakeEngine(script=lambda _: Script(says="yes", notices=notices, **script))
    )


def waits(headers) -> dict[str, str]:
    names = ("queue-position", "expected-wait-s", "waited-s")
    ours = {name: headers.get(f"x-orchestrator-{name}") for name in names}
    return {name: value for name, value in ours.items() if value is not None}


async def test_an_answer_that_did_not_wait_says_nothing_of_waiting():
    assert waits((await service().chat()).headers) == {}


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_after_a_short_wait_says_in_headers_how_it_was(stream):
    answer = await service(ARRIVED, OVER).chat(stream=stream)

    assert waits(answer.headers) == {
        "queue-position": "3", "expected-wait-s": "4.200", "waited-s": "4.000"
    }  # fmt: skip
    assert ": waiting" not in answer.text


async def test_an_estimate_that_nobody_has_is_left_out():
    answer = await service(Notice(position=1), OVER).chat()

    assert waits(answer.headers) == {"queue-position": "1", "waited-s": "4.000"}


async def test_vectors_say_how_long_they_waited():
    answer = await service(ARRIVED, OVER).post("/v1/embeddings", model="vectors", input="hi")

    assert waits(answer.headers)["waited-s"] == "4.000"


async def test_a_stream_that_waits_long_begins_and_says_so_in_comments():
    answer = await service(ARRIVED, STILL, OVER).chat(stream=True)

    comments = [line for line in answer.text.splitlines() if line.startswith(":")]
    assert comments == [
        ": waiting position=2 expected_s=3.100 waited_s=1.250",
        ": waiting position=0 waited_s=4.000",
    ]
    assert waits(answer.headers) == {"queue-position": "3", "expected-wait-s": "4.200"}
    assert events(answer)[-1] == "[DONE]"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal_after_a_short_wait_has_its_own_status_and_when_to_come_again(stream):
    answer = await service(ARRIVED, OVER, fails=FULL).chat(stream=stream)

    assert (answer.status_code, fault(answer)["code"]) == (503, "overloaded")
    assert answer.headers["retry-after"] == "7"
    assert waits(answer.headers)["waited-s"] == "4.000"


async def test_a_refusal_after_the_stream_began_is_its_last_event_and_says_when_to_come_again():
    served = service(ARRIVED, STILL, OVER, fails=FULL)

    answer = await served.chat(stream=True)

    assert answer.status_code == 200
    assert '"code":"overloaded","retry_after_s":6.2}' in events(answer)[-1]
    assert (await served.last_record()).status == 503


async def test_a_response_that_is_refused_after_its_stream_began_is_begun_and_failed():
    served = service(ARRIVED, STILL, OVER, fails=FULL)

    answer = await served.post("/v1/responses", model="math", input="hi", stream=True)

    kinds = [line for line in answer.text.splitlines() if line.startswith("event:")]
    assert kinds == [f"event: response.{one}" for one in ("created", "in_progress", "failed")]


async def test_the_record_says_how_long_it_waited():
    served = service(ARRIVED, OVER)

    await served.chat()

    assert (await served.last_record()).waited_ms == 4000


def test_waits_at_several_slots_add_up():
    waited = Waited(position=3, expected_s=4.2)

    for notice in (ARRIVED, STILL, Notice(position=0, waited_s=2), ARRIVED, OVER):
        waited.hear(notice)

    assert (waited.waited_s, waited.is_over) == (2 + 4, True)
    assert (waited.position, waited.expected_s) == (3, 4.2)


def test_a_comment_is_no_event():
    assert comment_of(Notice(position=1)) == b": waiting position=1 waited_s=0.000\n\n"
