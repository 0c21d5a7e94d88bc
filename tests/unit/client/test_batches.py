"""Files and batches in the SDK: the same of both clients."""

import io
import json

import httpx
import pytest

from orchestrator.client import (
    AsyncClient,
    BatchFailedError,
    Client,
    UnexpectedReplyError,
    UnreachableError,
)
from orchestrator.client.watching import POLL_S
from orchestrator.errors import (
    ConflictError,
    ExpertUnavailableError,
    InvalidRequestError,
    NotFoundError,
    StorageFullError,
)
from tests.unit.client.scripted import BATCH, FILE, Broken, Scripted, progress, refused

PROGRESS = "GET /v1/batches/batch_1/progress"
CONTENT = "GET /v1/files/file-out/content"


@pytest.fixture(params=[Client, AsyncClient], ids=["blocking", "asynchronous"])
def service(request):
    return lambda **answers: Scripted(
        kind=request.param, answers={key: list(value) for key, value in answers.items()}
    )


def stream(*events: dict, end: bool = True) -> httpx.Response:
    body = b"".join(
        b"event: batch.progress\ndata: %s\n\n" % json.dumps(one).encode() for one in events
    )
    return httpx.Response(
        200,
        headers={"content-type": "text/event-stream"},
        content=body + (b"data: [DONE]\n\n" if end else b""),
    )


def lost(*events: dict) -> httpx.Response:
    return httpx.Response(200, stream=Broken(stream(*events, end=False).content))


@pytest.mark.parametrize(
    ("path", "key", "status", "code", "kind"),
    [
        ("files.get", "GET /v1/files/x", 404, "not_found", NotFoundError),
        ("files.delete", "DELETE /v1/files/x", 409, "conflict", ConflictError),
        ("files.content", "GET /v1/files/x/content", 404, "not_found", NotFoundError),
        ("files.lines", "GET /v1/files/x/content", 404, "not_found", NotFoundError),
        ("batches.create", "POST /v1/batches", 400, "invalid_request", InvalidRequestError),
        ("batches.get", "GET /v1/batches/x", 404, "not_found", NotFoundError),
        ("batches.cancel", "POST /v1/batches/x/cancel", 409, "conflict", ConflictError),
        ("batches.watch", "GET /v1/batches/x/progress", 404, "not_found", NotFoundError),
        ("batches.timeline", "GET /v1/batches/x/timeline", 404, "not_found", NotFoundError),
    ],
)
async def test_refusals_are_told_once_as_the_services_own_errors(
    service, path, key, status, code, kind
):
    answering = service(**{key: [refused(status, code)]})

    with pytest.raises(kind, match="a sentence"):
        await answering.ask(path, "x")

    assert (len(answering.seen), answering.pauses) == (1, [])


async def test_a_full_storage_is_no_reason_to_send_a_file_again(service):
    answering = service(**{"POST /v1/files": [refused(507, "storage_full")]})

    with pytest.raises(StorageFullError):
        await answering.ask("files.upload", io.BytesIO(b"{}\n"))

    assert len(answering.seen) == 1


async def test_a_file_that_is_not_here_is_not_asked_for_elsewhere(service, tmp_path):
    answering = service()

    with pytest.raises(InvalidRequestError, match=r"none.jsonl' cannot be read: No such file"):
        await answering.ask("files.upload", tmp_path / "none.jsonl")


async def test_what_changes_nothing_is_asked_again_while_the_service_starts_anew(service):
    gone = refused(503, "expert_unavailable")
    answering = service(**{"GET /v1/batches/batch_1": [gone, httpx.ReadError("gone"), BATCH]})

    found = await answering.ask("batches.get", "batch_1")

    assert (found.id, len(answering.pauses)) == ("batch_1", 2)


async def test_a_batch_is_not_begun_twice(service):
    answering = service(**{"POST /v1/batches": [httpx.ReadError("gone")]})

    with pytest.raises(UnreachableError):
        await answering.ask("batches.create", "file-in")

    assert len(answering.seen) == 1


async def test_an_id_that_is_a_path_is_one_name(service):
    answering = service(**{"DELETE /v1/files/../batches?x=1": [refused(404, "not_found")]})

    with pytest.raises(NotFoundError):
        await answering.ask("files.delete", "../batches?x=1")

    assert answering.seen[0].url.raw_path == b"/v1/files/..%2Fbatches%3Fx%3D1"


async def test_a_file_travels_as_a_form_with_what_is_said_of_it(service, tmp_path):
    (tmp_path / "in.jsonl").write_bytes(b'{"a": 1}\n')
    answering = service(**{"POST /v1/files": [FILE]})

    kept = await answering.ask("files.upload", tmp_path / "in.jsonl", expires_after_s=3600)

    assert (kept.id, kept.num_bytes, kept.purpose) == ("file-in", 7, "batch")
    body = answering.seen[0].content
    assert b'name="purpose"\r\n\r\nbatch\r\n' in body
    assert b'name="expires_after[seconds]"\r\n\r\n3600\r\n' in body
    assert b'filename="in.jsonl"\r\nContent-Type: application/jsonl\r\n\r\n{"a": 1}\n' in body


async def test_pages_say_whether_there_is_more(service):
    answering = service(**{"GET /v1/files": [{"data": [FILE], "has_more": True}]})

    page = await answering.ask("files.list", purpose="batch", after="file-9", limit=1)

    assert ([one.id for one in page.data], page.has_more) == (["file-in"], True)
    asked = dict(answering.seen[0].url.params)
    assert asked == {"limit": "1", "after": "file-9", "purpose": "batch"}


async def test_a_batch_is_asked_for_as_openai_has_it(service):
    answering = service(**{"POST /v1/batches": [BATCH]})

    await answering.ask("batches.create", "file-in", metadata={"plan": "true"})

    assert json.loads(answering.seen[0].content) == {
        "input_file_id": "file-in",
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
        "metadata": {"plan": "true"},
    }


async def test_a_batch_is_watched_until_it_has_ended(service):
    answering = service(**{PROGRESS: [stream(progress(num_done=3), progress("completed"))]})

    heard = await answering.ask("batches.watch", "batch_1")

    assert [(one.status, one.request_counts.completed) for one in heard] == [
        ("in_progress", 3),
        ("completed", 0),
    ]
    assert answering.seen[0].headers["accept"] == "text/event-stream"


async def test_a_stream_that_breaks_is_followed_by_a_question_and_another_stream(service):
    script = [lost(progress(num_done=1)), progress(num_done=2), stream(progress("completed"))]
    answering = service(**{PROGRESS: script})

    heard = await answering.ask("batches.watch", "batch_1")

    assert [one.request_counts.completed for one in heard] == [1, 2, 0]
    accepted = [one.headers["accept"] == "text/event-stream" for one in answering.seen]
    assert accepted == [True, False, True]


async def test_where_no_stream_comes_through_it_is_asked_again_and_again(service):
    page = httpx.Response(200, text="data: <html>a portal</html>\n")
    script = [page, progress(), page, progress(), page, progress(), progress(), progress("failed")]
    answering = service(**{PROGRESS: script})

    heard = await answering.ask("batches.watch", "batch_1")

    assert [one.status for one in heard] == ["in_progress"] * 4 + ["failed"]
    assert answering.pauses == [POLL_S] * 4
    assert answering.seen[-1].headers["accept"] != "text/event-stream"


async def test_a_watcher_gives_up_where_nobody_answers_any_more(service):
    answering = service(**{PROGRESS: [lost(progress()), httpx.ConnectError("refused")]})

    with pytest.raises(UnreachableError):
        await answering.ask("batches.watch", "batch_1")

    assert 3 < len(answering.seen) < 20


async def test_an_error_inside_a_stream_that_will_not_pass_is_told(service):
    gone = httpx.Response(
        200, content=b'data: {"error": {"message": "m", "code": "not_found"}}\n\n'
    )

    with pytest.raises(NotFoundError):
        await service(**{PROGRESS: [gone]}).ask("batches.watch", "batch_1")


async def test_waiting_tells_how_far_it_is_and_gives_the_batch(service):
    answering = service(
        **{
            PROGRESS: [stream(progress(), progress("completed"))],
            "GET /v1/batches/batch_1": [BATCH],
        }
    )
    heard = []

    batch = await answering.ask("batches.wait", "batch_1", heard=heard.append)

    assert (batch.output_file_id, len(heard)) == ("file-out", 2)


async def test_lines_go_on_at_the_byte_where_the_connection_broke(service):
    rest = httpx.Response(206, content=b"cond\nthird")
    answering = service(**{CONTENT: [httpx.Response(200, stream=Broken(b"first\nse")), rest]})

    assert await answering.ask("files.lines", "file-out") == [b"first", b"second", b"third"]
    assert answering.seen[1].headers["range"] == "bytes=8-"


async def test_lines_of_a_service_that_begins_anew_are_not_told_twice(service):
    whole = httpx.Response(200, content=b"first\nsecond\nthird\n")
    answering = service(**{CONTENT: [httpx.Response(200, stream=Broken(b"first\nse")), whole]})

    assert await answering.ask("files.lines", "file-out") == [b"first", b"second", b"third"]


async def test_lines_that_break_off_again_and_again_are_an_error(service):
    answering = service(**{CONTENT: [httpx.ReadError("gone")]})

    with pytest.raises(UnreachableError):
        await answering.ask("files.lines", "file-out")


async def test_a_batch_of_requests_is_uploaded_waited_for_and_read(service):
    good = {"id": "r1", "custom_id": "a", "response": {"status_code": 200, "request_id": "q",
            "body": {"choices": [{"message": {"content": "4"}}]}}, "error": None}  # fmt: skip
    bad = {"id": "r2", "custom_id": "b", "response": None,
           "error": {"code": "batch_expired", "message": "too late"}}  # fmt: skip
    answering = service(**{
        "POST /v1/files": [FILE], "POST /v1/batches": [{**BATCH, "status": "validating"}],
        PROGRESS: [stream(progress("completed"))], "GET /v1/batches/batch_1": [BATCH],
        CONTENT: [httpx.Response(200, content=json.dumps(good).encode())],
        "GET /v1/files/file-err/content": [httpx.Response(200, content=json.dumps(bad).encode())],
    })  # fmt: skip

    first, second = await answering.ask("batch", ["2+2?", {"messages": [], "model": "maths"}])

    assert (first.custom_id, first.is_ok, first.text) == ("a", True, "4")
    assert (second.is_ok, second.text, second.error.code) == (False, "", "batch_expired")
    lines = answering.seen[0].content.splitlines()
    sent = [json.loads(line) for line in lines if line.startswith(b"{")]
    assert [one["custom_id"] for one in sent] == ["request-1", "request-2"]
    assert [one["body"]["model"] for one in sent] == ["auto", "maths"]


async def test_a_batch_whose_file_has_faults_names_the_first(service):
    faults = [{"code": "invalid", "message": f"fault {n}", "line": n} for n in (3, 7, 9, 12)]
    failed = {**BATCH, "status": "failed", "errors": {"object": "list", "data": faults}}
    answering = service(**{"GET /v1/batches/batch_1": [failed]})

    with pytest.raises(BatchFailedError) as caught:
        await answering.ask("batches.results", "batch_1")

    assert caught.value.message == (
        "batch 'batch_1' failed: line 3: fault 3; line 7: fault 7; line 9: fault 9; and 1 more"
    )
    assert [one.line for one in caught.value.faults] == [3, 7, 9, 12]


async def test_a_batch_that_planned_nothing_has_no_plan(service):
    answering = service(**{"GET /v1/batches/batch_1": [{**BATCH, "output_file_id": None}]})

    with pytest.raises(UnexpectedReplyError, match="no plan"):
        await answering.ask("batches.plan", "batch_1")


async def test_a_timeline_is_a_value_and_a_page(service):
    bar = {"slot": "a", "expert": "x", "stage": 0, "num_calls": 2, "begins_s": 0, "step": None,
           "step_s": 0, "ends_s": 3}  # fmt: skip
    told = {"id": "batch_1", "predicted": [bar], "happened": [], "lower_bound_s": 2.5}
    page = httpx.Response(200, text="<!doctype html>")
    answering = service(**{"GET /v1/batches/batch_1/timeline": [told, page]})

    found = await answering.ask("batches.timeline", "batch_1")
    drawn = await answering.ask("batches.timeline_page", "batch_1")

    assert (found.predicted[0].expert, found.lower_bound_s) == ("x", 2.5)
    assert (drawn, answering.seen[1].url.query) == ("<!doctype html>", b"format=html")


async def test_a_service_that_is_busy_is_asked_again_for_a_page_of_batches(service):
    busy = refused(503, "expert_unavailable")
    answering = service(**{"GET /v1/batches": [busy]})

    with pytest.raises(ExpertUnavailableError):
        await answering.ask("batches.list")

    assert len(answering.seen) == 6
