import pytest

from orchestrator.batch.fake_endpoint import FakeEndpoint
from tests.batch_desk import CHAT, Desk, lines, uploaded
from tests.served import Service, fault

ASKED = {"input_file_id": "file-in", "endpoint": CHAT, "completion_window": "24h"}

EXPIRY = {"anchor": "created_at", "seconds": 3_600}


def service(desk: Desk) -> Service:
    return Service(batches=desk.office, storage=desk.storage)


async def posted(desk: Desk, path: str = "/v1/batches", **body):
    async with service(desk).client() as client:
        return await client.post(path, json=body)


async def got(desk: Desk, path: str, **headers: str):
    async with service(desk).client() as client:
        return await client.get(path, headers=headers)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input_file_id": None}, "input_file_id"),
        ({"input_file_id": ""}, "input_file_id"),
        ({"endpoint": "/v1/responses"}, "endpoint"),
        ({"endpoint": 3}, "endpoint"),
        ({"completion_window": "1w"}, "completion_window"),
        ({"completion_window": 24}, "completion_window"),
        ({"completion_window": "x" * 1_000}, "completion_window"),
        ({"metadata": {f"k{n}": "v" for n in range(17)}}, "metadata"),
        ({"metadata": {"k" * 65: "v"}}, "metadata." + "k" * 65),
        ({"metadata": {"k": "v" * 513}}, "metadata.k"),
        ({"metadata": {"k": 1}}, "metadata.k"),
        ({"metadata": []}, "metadata"),
        ({"output_expires_after": {**EXPIRY, "anchor": "now"}}, "output_expires_after.anchor"),
        ({"output_expires_after": {"anchor": "created_at"}}, "output_expires_after.seconds"),
        ({"output_expires_after": {**EXPIRY, "seconds": 60}}, "output_expires_after.seconds"),
        ({"output_expires_after": {**EXPIRY, "seconds": "x"}}, "output_expires_after.seconds"),
        ({"window": "24h"}, "window"),
        ({"input_file_id": "file-" + "x" * 200}, "input_file_id"),
    ],
)
async def test_what_asks_for_no_batch_is_refused_with_the_field(fields, param):
    async with Desk() as desk:
        await desk.office.register(await uploaded(desk.storage, lines(2)))

        response = await posted(desk, **{**ASKED, **fields})

        assert response.status_code == 400
        assert fault(response)["param"].startswith(param)
        assert not desk.office.lives


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
async def test_what_is_no_json_object_is_no_batch(body):
    async with Desk() as desk, service(desk).client() as client:
        response = await client.post("/v1/batches", content=body)

    assert (response.status_code, fault(response)["code"]) == (400, "invalid_request")


async def test_a_body_that_is_too_long_is_refused():
    async with Desk() as desk:
        response = await posted(desk, **ASKED, metadata={"k": "v" * 200_000})

    assert response.status_code == 413


async def test_a_file_that_is_not_there_is_named():
    async with Desk() as desk:
        response = await posted(desk, **{**ASKED, "input_file_id": "file-gone"})

    assert (response.status_code, fault(response)["param"]) == (404, "input_file_id")
    assert "'file-gone'" in fault(response)["message"]


async def test_a_batch_that_is_not_there_is_not_found():
    async with Desk() as desk:
        seen = [await got(desk, "/v1/batches/batch_x"), await posted(desk, "/v1/batches/b/cancel")]

    assert [one.status_code for one in seen] == [404, 404]
    assert "GET /v1/batches lists" in fault(seen[0])["message"]


async def test_cancelling_what_has_ended_is_a_conflict_that_names_where_it_stands():
    async with Desk() as desk:
        ended = await desk.until((await desk.create()).id)

        response = await posted(desk, f"/v1/batches/{ended.id}/cancel")

    assert (response.status_code, fault(response)["code"]) == (409, "conflict")
    assert "'completed'" in fault(response)["message"]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "after=batch_x"])
async def test_a_page_that_cannot_be_is_refused(query):
    async with Desk() as desk:
        response = await got(desk, f"/v1/batches?{query}")

    assert response.status_code == 400
    assert fault(response)["param"] == query.split("=")[0]


async def test_batches_belong_to_the_key_that_made_them():
    async with Desk() as desk:
        created = await desk.create()

        listed = await got(desk, "/v1/batches", authorization="Bearer another")
        one = await got(desk, f"/v1/batches/{created.id}", authorization="Bearer another")

    assert (listed.json()["data"], one.status_code) == ([], 404)


async def test_a_storage_that_is_away_is_told_and_can_be_tried_again():
    async with Desk() as desk:
        await desk.office.register(await uploaded(desk.storage, lines(2)))
        desk.storage.is_away = True

        response = await posted(desk, **ASKED)
        desk.storage.is_away = False

    assert (response.status_code, response.headers["x-should-retry"]) == (503, "true")


async def test_faults_of_a_file_are_told_as_openai_tells_them():
    async with Desk(endpoint=FakeEndpoint(models=frozenset({"math"}))) as desk:
        ended = await desk.until((await desk.create(lines(2))).id)

        told = (await got(desk, f"/v1/batches/{ended.id}")).json()

    assert told["errors"]["object"] == "list"
    [one] = told["errors"]["data"]
    assert (one["code"], one["line"], one["param"]) == ("model_not_found", 2, "body.model")


async def test_a_service_that_keeps_no_batches_says_what_to_do():
    response = await Service().post("/v1/batches", **ASKED)

    assert response.status_code == 404
    assert "POST /v1/chat/completions" in fault(response)["message"]


async def test_what_is_below_a_batch_and_nothing_is_told_as_such():
    async with Desk() as desk:
        response = await got(desk, "/v1/batches/b/nothing")

    assert "chat/completions" not in fault(response)["message"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/batches", "GET, POST"),
        ("/v1/files", "GET, POST"),
        ("/v1/files/file-in", "DELETE, GET"),
        ("/v1/batches/batch_1/cancel", "POST"),
    ],
)
async def test_a_wrong_method_names_every_right_one(path, allowed):
    async with Desk() as desk, service(desk).client() as client:
        answer = await client.put(path)

    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert fault(answer)["message"] == f"PUT is not allowed on {path!r}; allowed: {allowed}"
