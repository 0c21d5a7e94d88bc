import asyncio
from dataclasses import replace

import orjson
import pytest

from orchestrator.batch import places
from orchestrator.batch.asked import NewBatch, Page
from orchestrator.batch.fake_endpoint import FakeEndpoint
from orchestrator.batch.files import contents_of
from orchestrator.batch.in_order import InOrderExecutor
from orchestrator.batch.settings import BatchSettings
from orchestrator.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
    StorageFullError,
)
from tests.batch_desk import CHAT, Desk, ids, ids_of, line, lines
from tests.polling import until


async def test_a_batch_ends_with_each_line_in_its_file():
    async with Desk(endpoint=FakeEndpoint(refuses={"law": 400})) as desk:
        batch = await desk.create(lines(6))
        assert batch.status == "validating"

        ended = await desk.until(batch.id)

        assert ended.status == "completed"
        output, error = await ids_of(desk, ended)
        assert (sorted(output), sorted(error)) == (ids((0, 2, 4)), ids((1, 3, 5)))
        assert ended.request_counts.model_dump() == {"total": 6, "completed": 3, "failed": 3}


async def test_a_line_of_the_output_has_openai_s_form():
    async with Desk() as desk:
        ended = await desk.until((await desk.create(line("a"))).id)

        [told] = await desk.content(ended.output_file_id)

    assert told["id"].startswith("batch_req_")
    assert told["custom_id"] == "a"
    assert told["response"]["status_code"] == 200
    assert told["response"]["request_id"] == f"{ended.id}-0"
    assert told["response"]["body"] == {"said": {"model": "math"}}
    assert told["error"] is None
    assert ended.error_file_id is None


async def test_a_line_that_was_refused_keeps_the_answer_and_says_why():
    async with Desk(endpoint=FakeEndpoint(refuses={"math": 500})) as desk:
        ended = await desk.until((await desk.create(line("a"))).id)

        [told] = await desk.content(ended.error_file_id)

    assert told["response"]["status_code"] == 500
    assert set(told["error"]) == {"code", "message"}
    assert ended.output_file_id is None


async def test_a_bad_file_fails_with_its_faults_and_nothing_is_answered():
    endpoint = FakeEndpoint(models=frozenset({"math"}))
    async with Desk(endpoint=endpoint) as desk:
        ended = await desk.until((await desk.create(lines(3))).id)

    assert (ended.status, ended.errors[0].line) == ("failed", 2)
    assert ended.failed_at is not None
    assert not endpoint.answered


@pytest.mark.parametrize(
    ("fields", "error", "param"),
    [
        ({"completion_window": "soon"}, InvalidRequestError, "completion_window"),
        ({"endpoint": "/v1/models"}, InvalidRequestError, "endpoint"),
        ({"input_file_id": "file-other"}, NotFoundError, "input_file_id"),
    ],
)
async def test_what_cannot_be_a_batch_is_refused_and_leaves_nothing(fields, error, param):
    async with Desk() as desk:
        with pytest.raises(error) as refused:
            await desk.create(**fields)

        assert refused.value.param == param
        assert await desk.storage.list("batches") == []
        assert await desk.office.batches(Page(), owner="") == ([], False)


async def test_an_output_file_is_no_input():
    async with Desk() as desk:
        ended = await desk.until((await desk.create()).id)

        with pytest.raises(InvalidRequestError, match="purpose 'batch_output'"):
            await desk.create(input_file_id=ended.output_file_id)


async def test_what_is_another_s_is_not_found():
    async with Desk() as desk:
        batch = await desk.create()

        for asking in (desk.office.batch, desk.office.cancel, desk.office.timeline):
            with pytest.raises(NotFoundError):
                await asking(batch.id, owner="somebody")
        assert await desk.office.batches(Page(), owner="somebody") == ([], False)
        asked = NewBatch(input_file_id=batch.input_file_id, endpoint=CHAT, completion_window="24h")
        with pytest.raises(NotFoundError):
            await desk.office.create(asked, owner="somebody")


async def test_a_batch_that_cannot_be_stored_is_refused_and_not_there():
    async with Desk() as desk:
        await desk.until((await desk.create()).id)
        desk.storage.max_bytes = 0

        asked = NewBatch(input_file_id="file-in", endpoint=CHAT, completion_window="24h")
        with pytest.raises(StorageFullError):
            await desk.office.create(asked, owner="")

        assert len((await desk.office.batches(Page(), owner=""))[0]) == 1


async def test_an_office_goes_on_where_the_one_before_was_closed():
    gate = asyncio.Event()
    async with Desk(endpoint=FakeEndpoint()) as desk:
        slow = FakeEndpoint(gate=gate)
        desk.executor.endpoint_of = lambda line: slow if line.number > 5 else desk.endpoint
        batch = await desk.create(lines(10))
        await desk.until_done(batch.id, 5)
    async with Desk(desk.storage) as after:
        ended = await after.until(batch.id)

        assert sorted(after.endpoint.answered) == ids(range(5, 10))
        output, error = await ids_of(after, ended)
        assert (sorted(output), error) == (ids(range(10)), [])


async def test_counts_do_not_go_back_when_an_office_begins():
    gate = asyncio.Event()
    async with Desk(endpoint=FakeEndpoint()) as desk:
        slow = FakeEndpoint(gate=gate)
        desk.executor.endpoint_of = lambda line: slow if line.number > 5 else desk.endpoint
        batch = await desk.create(lines(10))
        await desk.until_done(batch.id, 5)
    async with Desk(desk.storage, endpoint=FakeEndpoint(gate=gate)) as after:
        told = await after.office.batch(batch.id, owner="")
        [listed], _ = await after.office.batches(Page(), owner="")
        progress = await after.office.progress(batch.id, owner="")

    assert told.request_counts.model_dump() == {"total": 10, "completed": 5, "failed": 0}
    assert listed.request_counts == progress.batch.request_counts == told.request_counts


async def test_a_batch_is_cancelled_with_its_counts_right_after_an_office_began():
    gate = asyncio.Event()
    async with Desk(endpoint=FakeEndpoint()) as desk:
        slow = FakeEndpoint(gate=gate)
        desk.executor.endpoint_of = lambda line: slow if line.number > 5 else desk.endpoint
        batch = await desk.create(lines(10))
        await desk.until_done(batch.id, 5)
    async with Desk(desk.storage, endpoint=FakeEndpoint(gate=gate)) as after:
        told = await after.office.cancel(batch.id, owner="")

    assert (told.status, told.request_counts.completed) == ("cancelling", 5)


async def test_whoever_asks_while_the_storage_is_away_is_told_what_is_known():
    gate = asyncio.Event()
    async with Desk(endpoint=FakeEndpoint(gate=gate)) as desk:
        batch = await desk.create(lines(4))
        await desk.until(batch.id, "in_progress")
    async with Desk(desk.storage, settings=BatchSettings(counting_s=0.01)) as after:
        after.storage.is_away = True
        told = await after.office.batch(batch.id, owner="")

    assert told.request_counts.total == 4


async def test_a_batch_whose_lines_are_held_up_says_why():
    gate = asyncio.Event()
    endpoint = FakeEndpoint(gate=gate, held={"": "its key has used its tokens of this minute"})
    async with Desk(endpoint=endpoint) as desk:
        batch = await desk.create(lines(2))
        await desk.until(batch.id, "in_progress")
        life = desk.office.lives[batch.id]
        await until(lambda: life.progress().obstacle is not None)

        assert life.progress().obstacle == "its key has used its tokens of this minute"
        gate.set()


async def test_a_storage_that_goes_away_delays_a_batch_and_says_so():
    gate = asyncio.Event()
    async with Desk(endpoint=FakeEndpoint(gate=gate)) as desk:
        batch = await desk.create(lines(4))
        await desk.until(batch.id, "in_progress")
        desk.storage.is_away = True
        gate.set()
        await until(lambda: desk.office.lives[batch.id].progress().obstacle is not None)
        assert (await desk.office.batch(batch.id, owner="")).request_counts.completed == 0

        desk.storage.is_away = False
        ended = await desk.until(batch.id)

        assert ended.request_counts.completed == 4
        assert max(desk.endpoint.answered.values()) == 1


async def test_an_execution_that_breaks_off_and_is_begun_again_keeps_what_it_had():
    class BreakingOff(InOrderExecutor):
        num_faults = 3

        async def execute(self, work):
            if self.num_faults:
                self.num_faults -= 1
                work = replace(work, left=work.left[:2])
            await super().execute(work)

    async with Desk(executor=BreakingOff(FakeEndpoint())) as desk:
        ended = await desk.until((await desk.create(lines(10))).id)

        output, _ = await ids_of(desk, ended)
        assert sorted(output) == ids(range(10))
        assert set(desk.executor.endpoint.answered.values()) == {1}


async def test_a_file_that_a_batch_reads_stays_until_the_batch_has_ended():
    gate = asyncio.Event()
    async with Desk(endpoint=FakeEndpoint(gate=gate)) as desk:
        batch = await desk.create()
        with pytest.raises(ConflictError, match=batch.id):
            await desk.office.delete_file(batch.input_file_id, owner="")

        gate.set()
        await desk.until(batch.id)
        await desk.office.delete_file(batch.input_file_id, owner="")

        with pytest.raises(NotFoundError):
            await desk.office.file(batch.input_file_id, owner="")


async def test_what_a_batch_needed_is_removed_at_its_end():
    async with Desk() as desk:
        ended = await desk.until((await desk.create()).id)
        await desk.office.close()

        left = {one.path.split("/")[2] for one in await desk.storage.list(places.BATCHES)}

    assert left <= {"batch.json", "timeline.json"}
    assert ended.status == "completed"


async def test_output_files_expire_when_the_caller_asked_for_it():
    async with Desk() as desk:
        ended = await desk.until((await desk.create(output_expires_after_s=3_600)).id)

        file = await desk.office.file(ended.output_file_id, owner="")

        assert file.expires_at == 1_000 + 3_600
        desk.now_s = 5_000.0
        with pytest.raises(NotFoundError):
            await desk.office.file(ended.output_file_id, owner="")


async def test_batches_are_told_of_for_thirty_days():
    async with Desk() as desk:
        ended = await desk.until((await desk.create()).id)
    async with Desk(desk.storage, now_s=1_000 + 29 * 86_400.0) as soon:
        assert (await soon.office.batch(ended.id, owner="")).status == "completed"
    async with Desk(desk.storage, now_s=1_000 + 31 * 86_400.0) as late:
        await until(lambda: not late.office.lives)
        assert await late.storage.list(places.folder(ended.id)) == []
        assert await late.office.batches(Page(), owner="") == ([], False)


async def test_a_plan_is_an_output_file_and_nothing_is_answered():
    async with Desk() as desk:
        ended = await desk.until((await desk.create(lines(6), metadata={"plan": "true"})).id)
        told = await desk.content(ended.output_file_id)
        timeline = await desk.office.timeline(ended.id, owner="")

    assert ended.status == "completed"
    assert not desk.endpoint.answered
    assert (told[0]["type"], told[0]["num_requests"]) == ("summary", 6)
    assert [bar.expert for bar in timeline.predicted] == ["math", "law"]
    assert ended.request_counts.total == 6


async def test_what_was_predicted_is_told_after_a_restart():
    async with Desk() as desk:
        ended = await desk.until((await desk.create(lines(6))).id)
    async with Desk(desk.storage) as after:
        timeline = await after.office.timeline(ended.id, owner="")

    assert [(bar.expert, bar.num_calls) for bar in timeline.predicted] == [("math", 3), ("law", 3)]


async def test_a_batch_of_a_later_version_is_left_alone_and_others_go_on():
    gate = asyncio.Event()
    async with Desk(endpoint=FakeEndpoint(gate=gate)) as desk:
        foreign, own = await desk.create(), await desk.create()
    stored = orjson.loads(await desk.storage.read(places.record(foreign.id)))
    future = orjson.dumps({**stored, "version": 2, "status": "dreaming"})
    await desk.storage.write(places.record(foreign.id), future)
    async with Desk(desk.storage) as after:
        assert (await after.until(own.id)).status == "completed"
        with pytest.raises(ConflictError, match="has version 2 and is left alone"):
            await after.office.batch(foreign.id, owner="")

    assert await desk.storage.read(places.record(foreign.id)) == future


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"version": 1}', b'{"version": "x"}'])
async def test_a_damaged_record_harms_no_other(data):
    async with Desk() as desk:
        own = await desk.create()
        await desk.until(own.id)
    await desk.storage.write(places.record("batch_damaged"), data)
    async with Desk(desk.storage) as after:
        assert (await after.office.batch(own.id, owner="")).status == "completed"
        with pytest.raises(ConflictError, match="'batch_damaged'"):
            await after.office.batch("batch_damaged", owner="")


async def test_input_that_vanished_fails_the_batch():
    async with Desk() as desk:
        batch = await desk.create(lines(50_000))
        await desk.office.close()
    await desk.storage.delete(contents_of(batch.input_file_id))
    async with Desk(desk.storage) as after:
        ended = await after.until(batch.id)

    assert (ended.status, ended.errors[0].code) == ("failed", "file_not_found")


async def test_an_office_that_has_not_begun_says_so():
    desk = Desk()

    with pytest.raises(StorageError, match="not read yet"):
        await desk.office.batches(Page(), owner="")


async def test_pages_are_of_one_owner_newest_first():
    async with Desk() as desk:
        created = []
        for _ in range(5):
            desk.now_s += 1
            created.append((await desk.create()).id)

        first, has_more = await desk.office.batches(Page(limit=3), owner="")
        rest, has_none = await desk.office.batches(Page(after=first[-1].id), owner="")

    assert [one.id for one in (*first, *rest)] == created[::-1]
    assert (has_more, has_none) == (True, False)


async def test_an_unforeseen_fault_of_one_batch_is_tried_again_and_harms_no_other():
    class Failing(InOrderExecutor):
        num_faults = 3

        async def execute(self, work):
            if len(work.lines) == 2 and self.num_faults:
                self.num_faults -= 1
                raise ZeroDivisionError("a bug")
            await super().execute(work)

    async with Desk(executor=Failing(FakeEndpoint())) as desk:
        one, other = await desk.create(lines(2)), await desk.create(lines(3))

        assert (await desk.until(one.id)).status == "completed"
        assert (await desk.until(other.id)).status == "completed"
