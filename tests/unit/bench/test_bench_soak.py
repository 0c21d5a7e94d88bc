"""How a soak judges what came: by what an answer has to say."""

import json
import threading

import pytest

from bench.memory_series import grown
from bench.soak_client import Question, Tally, numbered
from bench.soak_faults import Mishap, Mishaps
from bench.soak_outcomes import Outcome, of_stream, of_whole
from bench.soaking import NUM_REQUESTS, Known
from tests.faults.answers import answer_to

ERROR = {"message": "m", "type": "server_error", "param": None, "code": "engine_dead"}
DONE = b"[DONE]"


def whole(text: str | None) -> bytes:
    return json.dumps({"choices": [{"message": {"content": text}}]}).encode()


def event(text: str) -> bytes:
    return json.dumps({"choices": [{"delta": {"content": text}}]}).encode()


def failed(**changes: object) -> bytes:
    return json.dumps({"error": {**ERROR, **changes}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, whole("one two"), "answered"),
        (200, whole("one"), "short"),
        (200, whole(None), "short"),
        (200, whole("one six"), "foreign"),
        (200, b"{", "untyped"),
        (503, failed(), "refused"),
        (503, failed(code=None), "untyped"),
        (502, b"<html>Bad gateway</html>", "untyped"),
        (500, b'{"detail": "x"}', "untyped"),
    ],
)
def test_a_whole_answer_is_its_own_or_a_typed_error(status, body, kind):
    assert of_whole(status, body, expected="one two").kind == kind


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ([event("one"), event(" two"), DONE], "answered"),
        ([event("one"), DONE], "short"),
        ([DONE], "short"),
        ([event("one"), event(" six"), DONE], "foreign"),
        ([event("six"), failed()], "foreign"),
        ([event("one"), failed()], "refused"),
        ([failed()], "refused"),
        ([event("one")], "broken"),
        ([event("one"), event(" two")], "broken"),
        ([], "broken"),
        ([event("one"), b"{"], "untyped"),
        ([event("one"), failed(code="")], "broken"),
    ],
    ids=str,
)
def test_a_stream_ends_with_its_mark_or_a_typed_error_after_its_own_words(events, kind):
    assert of_stream(events, expected="one two").kind == kind


def test_a_tally_keeps_what_may_not_be():
    question = Question(model="first", text="t", expected="e", is_streamed=True)
    tally = Tally()
    tally.add(question, Outcome(kind="answered"), took_s=1.0)
    tally.add(question, Outcome(kind="refused", code="overloaded", message="busy"), took_s=3.0)
    tally.add(question, Outcome(kind="foreign", code="six"), took_s=2.0)

    assert (tally.num_ended, tally.longest_s) == (3, 3.0)
    assert (tally.num_by_code["overloaded"], tally.said_by_code) == (1, {"overloaded": "busy"})
    assert tally.seen == ["foreign: first, 't': six"]


def test_memory_grows_by_its_last_half_alone():
    # 100 s: the first half climbs to 200 MiB, the last goes from 200 to 210, 10 s of it an end.
    climb = [(float(at), 2.0 * at + 100) for at in range(50)]
    rest = [(float(at), 200.0 if at < 75 else 210.0) for at in range(50, 101)]

    assert grown(climb + rest) == pytest.approx(0.05)


def test_what_is_under_way_is_no_growth():
    readings = [(float(at), 300.0 if at % 7 == 0 or at == 100 else 200.0) for at in range(101)]

    assert grown(readings) == 0.0


def test_questions_say_what_only_they_are_answered_with():
    known = Known(greedy={("capitals", "Kenya?"): "Nairobi"})

    asked = [known.question(at) for at in range(200)]

    own = [one for one in asked if one.model != "capitals"]
    assert len({one.expected for one in own}) == len(own) == 196
    assert own[20].expected in (own[20].text, answer_to(own[20].text))
    assert {one.expected for one in asked if one.model == "capitals"} == {"Nairobi"}
    assert {one.model for one in asked} == {
        "parrot", "auto", "first", "second", "mute", "capitals",
    }  # fmt: skip


def test_questions_end_when_the_time_is_over():
    known, ends = Known(greedy={("capitals", "Kenya?"): "Nairobi"}), iter([False, False, True])

    found = list(numbered(NUM_REQUESTS, known.question, is_over=lambda: next(ends)))

    assert len(found) == 2


def test_mishaps_go_on_after_one_that_failed():
    done = threading.Event()

    def nothing_there() -> None:
        raise RuntimeError("nothing to kill")

    mishaps = [
        Mishap(name="kill", first_s=0, every_s=60, do=nothing_there),
        Mishap(name="edit", first_s=0, every_s=60, do=done.set),
    ]
    with Mishaps(mishaps) as running:
        assert done.wait(10)

    assert running.failed == ["kill: RuntimeError: nothing to kill"]
    assert running.num_done["edit"] == 1
